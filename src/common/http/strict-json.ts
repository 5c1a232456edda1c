import { isUtf8 } from 'node:buffer';

/** Why a body was refused. */
export type StrictJsonReason = 'syntax' | 'duplicate-key' | 'forbidden-key' | 'number-range' | 'depth' | 'nul';

/** A text that is no JSON, or JSON whose meaning would depend on who reads it. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';

  constructor(
    readonly reason: StrictJsonReason,
    message: string,
    /** JSON Pointer (RFC 6901) to the value or member in question, where it is known; '' is the whole text */
    readonly pointer?: string,
  ) {
    super(message);
  }
}

/** How many arrays and objects may stand within each other; `[]` is 1 deep. */
export const MAX_DEPTH = 32;

export interface StrictJsonLimits {
  /** `MAX_DEPTH` when left out */
  readonly maxDepth?: number;
}

/**
 * Parses JSON as I-JSON (RFC 7493), so that every reader of a body understands the same by it:
 *
 * - `duplicate-key`: an object names a member twice (readers disagree on which one counts), also by way of an escape
 * - `forbidden-key`: `__proto__`, or `constructor` with a `prototype` in it (they turn into a prototype when copied)
 * - `number-range`: a number beyond ±(2^53-1), which a double no longer holds exactly, or one such as 1e999
 * - `depth`: more than `maxDepth` levels
 * - `nul`: a string or key with U+0000, which PostgreSQL cannot store
 * - `syntax`: not JSON (RFC 8259), or a string that is not Unicode text: a lone surrogate, which would be stored as U+FFFD
 *
 * The platform's own parser does the work. What comes on top is one pass over the text, which counts the colons
 * outside strings, and one over the values, which counts the members: an object that names a member twice has fewer
 * members than its text has colons.
 *
 * @throws StrictJsonError
 */
export function parseStrictJson(text: string, limits?: StrictJsonLimits): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StrictJsonError('syntax', 'The text is not JSON (RFC 8259).');
  }
  const inspector: Inspector = {
    maxDepth: limits?.maxDepth ?? MAX_DEPTH,
    // a NUL or a lone surrogate comes from an escape, or stands in a text that was not Unicode to begin with
    checksStrings: text.includes('\\') || !isWellFormed(text),
    members: 0,
  };
  const flaw = inspect(value, 0, inspector);
  if (flaw !== undefined) throw new StrictJsonError(flaw.reason, flaw.message, pointerOf(flaw.path));
  if (inspector.members !== countMembers(text)) {
    throw new StrictJsonError('duplicate-key', 'An object names a member twice.', findDuplicate(text));
  }
  return value;
}

/** As `parseStrictJson`, of bytes: a string made of what is not UTF-8 would have U+FFFD in its place. */
export function parseStrictJsonBytes(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new StrictJsonError('syntax', 'The text is not UTF-8.');
  return parseStrictJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}

interface Inspector {
  readonly maxDepth: number;
  readonly checksStrings: boolean;
  /** of all objects met so far */
  members: number;
}

interface Flaw {
  readonly reason: StrictJsonReason;
  readonly message: string;
  /** from the value inspected down to the flaw */
  readonly path: (string | number)[];
}

const LARGEST = Number.MAX_SAFE_INTEGER;

/** Walks a parsed value, counts its members, and reports the first flaw. `depth` containers stand around the value. */
function inspect(value: unknown, depth: number, inspector: Inspector): Flaw | undefined {
  if (typeof value === 'string') return inspector.checksStrings ? inspectString(value) : undefined;
  if (typeof value === 'number') {
    if (value <= LARGEST && value >= -LARGEST) return undefined;
    return { reason: 'number-range', message: 'A number is beyond 2^53-1, where readers round it.', path: [] };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === inspector.maxDepth) {
    return { reason: 'depth', message: `Values are nested more than ${inspector.maxDepth} deep.`, path: [] };
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const flaw = inspect(value[index], depth + 1, inspector);
      if (flaw !== undefined) return at(index, flaw);
    }
    return undefined;
  }
  // for...in costs half of Object.keys here; JSON.parse makes plain objects with members of their own
  const object = value as Record<string, unknown>;
  for (const key in object) {
    inspector.members++;
    const member = object[key];
    const flaw =
      inspectKey(key, member) ??
      (inspector.checksStrings ? inspectString(key) : undefined) ??
      inspect(member, depth + 1, inspector);
    if (flaw !== undefined) return at(key, flaw);
  }
  return undefined;
}

function inspectKey(key: string, member: unknown): Flaw | undefined {
  if (key === '__proto__' || (key === 'constructor' && isObject(member) && Object.hasOwn(member, 'prototype'))) {
    return { reason: 'forbidden-key', message: 'A member has a name that would change a prototype.', path: [] };
  }
  return undefined;
}

function inspectString(text: string): Flaw | undefined {
  if (text.includes('\0')) return { reason: 'nul', message: 'A string holds the character U+0000.', path: [] };
  if (!isWellFormed(text)) return { reason: 'syntax', message: 'A string holds a lone surrogate.', path: [] };
  return undefined;
}

function at(step: string | number, flaw: Flaw): Flaw {
  flaw.path.unshift(step);
  return flaw;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Node 20 has String.prototype.isWellFormed (ES2024); the ES2023 type library does not say so. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** RFC 6901: "~" and "/" in a name are written "~0" and "~1". */
function pointerOf(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** How many members the objects of a valid JSON text have: its colons outside strings. */
function countMembers(text: string): number {
  let members = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index);
    else if (code === COLON) members++;
  }
  return members;
}

/** The index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) break;
    index += code === BACKSLASH ? 2 : 1;
  }
  return index;
}

interface OpenContainer {
  /** the names met so far, of an object */
  readonly names: Set<string> | undefined;
  step: string | number;
}

/**
 * The pointer to the first member whose name its object has had before. Takes a valid JSON text; runs only for texts
 * that are refused, so it may be slow.
 */
function findDuplicate(text: string): string | undefined {
  const open: OpenContainer[] = [];
  let lastString = '';
  for (let index = 0; index < text.length; index++) {
    const container = open.at(-1);
    switch (text[index]) {
      case '{':
        open.push({ names: new Set(), step: '' });
        break;
      case '[':
        open.push({ names: undefined, step: 0 });
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        if (typeof container?.step === 'number') container.step++;
        break;
      case '"': {
        const end = endOfString(text, index);
        lastString = JSON.parse(text.slice(index, end + 1)) as string;
        index = end;
        break;
      }
      case ':':
        if (container?.names === undefined) break;
        container.step = lastString;
        if (container.names.has(lastString)) return pointerOf(open.map(({ step }) => step));
        container.names.add(lastString);
        break;
    }
  }
  return undefined;
}
