/**
 * Writes a value as JSON in the one form RFC 8785 (JCS) gives it: members in the order of their names' UTF-16 code
 * units, no white space, ECMAScript's numbers and escapes. Equal values give equal texts, so that the text can be
 * hashed: fingerprints of requests, links of a hash chain.
 *
 * Takes what JSON can hold: strings, finite numbers, booleans, null, arrays, plain objects. A member that is
 * `undefined` is left out, as JSON.stringify does. Nothing is converted: a Date or a bigint has more than one text, and
 * which one is signed is for the caller to say.
 *
 * @throws TypeError for anything else: NaN and infinities, bigint, undefined outside an object, functions, symbols,
 *   instances of classes (Date, Map, Buffer), a text with a lone surrogate (RFC 8785 §3.2.2.2)
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return textOf(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`JSON has no number ${value}.`);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? arrayOf(value) : objectOf(value);
    default:
      throw new TypeError(`JSON has no ${typeof value}.`);
  }
}

function arrayOf(items: readonly unknown[]): string {
  let text = '[';
  // by index, so that a hole is refused as the undefined it reads as
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ',';
    text += canonicalJson(items[index]);
  }
  return text + ']';
}

function objectOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('JSON has no instances of classes; convert the value first.');
  }
  const object = value as Record<string, unknown>;
  // sort() without a comparator compares UTF-16 code units, as RFC 8785 §3.2.3 asks
  const names = Object.keys(object).sort();
  let text = '{';
  for (const name of names) {
    const member = object[name];
    if (member === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${textOf(name)}:${canonicalJson(member)}`;
  }
  return text + '}';
}

// what JSON writes as it is; a surrogate may be a lone one and is looked at by the slow way
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

function textOf(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) {
    throw new TypeError('A text with a lone surrogate is no Unicode text.');
  }
  return JSON.stringify(text);
}
