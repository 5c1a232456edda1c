/**
 * Problems (RFC 9457): what every answer of 400 and above carries. A problem type has a stable code, one status,
 * and a page under /problems/{code} that says what it means and how to mend it.
 */
export interface ProblemType {
  /** kebab-case; part of the contract, never renamed. */
  readonly code: string;
  readonly status: number;
  /** The same for every occurrence. */
  readonly title: string;
  /** What happened, for the page. Markdown is not interpreted. */
  readonly description: string;
  /** What the caller can do about it, for the page. */
  readonly remedy: string;
  /** Type URI where a registry has one; otherwise the page's address. */
  readonly typeUri?: string;
}

/** One thing that is wrong with the request. */
export interface ProblemItem {
  /** JSON Pointer (RFC 6901) into the body, or `?name` for a query parameter, or a header's name. */
  readonly pointer: string;
  readonly detail: string;
  /** Of the problem that it is by itself, where one problem stands for several. */
  readonly code?: string;
}

export interface ProblemOptions {
  readonly errors?: readonly ProblemItem[];
  /** Extension members; names start with a letter and have three characters or more. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What caused it, for the log only. */
  readonly cause?: unknown;
}

const catalogue = new Map<string, ProblemType>();

/** Declares a problem type; every declared type is in the catalogue and has a page. */
export function defineProblem(type: ProblemType): ProblemType {
  if (catalogue.has(type.code)) throw new Error(`problem code ${type.code} is declared twice`);
  catalogue.set(type.code, type);
  return type;
}

/** All declared types, by code. */
export function problemCatalogue(): readonly ProblemType[] {
  return [...catalogue.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** A refusal that the caller sees. `detail` is for people and says how to mend it; it never has internals. */
export class Problem extends Error {
  constructor(
    readonly type: ProblemType,
    readonly detail: string,
    readonly options: ProblemOptions = {},
  ) {
    super(`${type.code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
  }

  get status(): number {
    return this.type.status;
  }
}

/** The wire form, RFC 9457 section 3. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly traceId?: string;
  readonly errors?: readonly ProblemItem[];
  readonly [extension: string]: unknown;
}

export function problemDocument(problem: Problem, publicUrl: string, traceId?: string): ProblemDocument {
  const { type, detail, options } = problem;
  return {
    type: type.typeUri ?? `${publicUrl}/problems/${type.code}`,
    title: type.title,
    status: type.status,
    detail,
    code: type.code,
    ...(traceId === undefined ? {} : { traceId }),
    ...(options.errors === undefined ? {} : { errors: options.errors }),
    ...options.extensions,
  };
}

/** What an occurrence looks like, for pages and the API description. */
export function exampleDocument(type: ProblemType, publicUrl: string): ProblemDocument {
  return problemDocument(new Problem(type, type.description), publicUrl, '4bf92f3577b34da6a3ce929d0e0e4736');
}
