/**
 * Whether an account code is of a pattern (`ACCOUNT_PATTERN`): `*` is exactly one segment, a last `**` one or more.
 * So `users:*` has `users:7` and not `users:7:wallet`, and `users:**` has both and not `users`.
 */
export function matchesPattern(pattern: string, code: string): boolean {
  const parts = pattern.split(':');
  const segments = code.split(':');
  const open = parts.at(-1) === '**';
  if (open ? segments.length < parts.length : segments.length !== parts.length) return false;
  return parts.every((part, index) => part === '*' || part === '**' || part === segments[index]);
}

/** Where the database finds the codes of a pattern. */
export interface CodeSearch {
  /** Codes from here on, byte by byte… */
  readonly from: string;
  /** …and before here: what an index can find. */
  readonly before: string;
  /** Of those the ones of this regular expression, which reads the same in PostgreSQL and in JavaScript. */
  readonly expression: string;
}

/** @param below whether a plain code stands for the account and all below it, as a roll-up has it */
export function searchOf(pattern: string, below = false): CodeSearch {
  const parts = pattern.split(':');
  const wild = parts.findIndex((part) => part === '*' || part === '**');
  const expression = parts
    .map((part) => (part === '*' ? '[^:]+' : part === '**' ? '.+' : part.replaceAll('.', '[.]')))
    .join(':');
  const literal = parts.slice(0, wild === -1 ? undefined : wild).join(':');
  return {
    from: wild > 0 ? `${literal}:` : literal,
    // `;` is what follows `:`
    before: literal === '' ? '\u{10FFFF}' : `${literal};`,
    expression: `^${expression}${wild === -1 && below ? '(:.+)?' : ''}$`,
  };
}

/**
 * Order of patterns, the most specific first. Segments are compared from the left: a name goes before `*`, and `*`
 * before `**`. So a pattern goes before every other one that has all of its codes. Where that does not decide, no code
 * is of both; then the shorter goes first, and among equally long ones text decides, so that the order is total.
 */
export function comparePatterns(one: string, other: string): number {
  const ranks = one.split(':').map(rankOf);
  const others = other.split(':').map(rankOf);
  for (let index = 0; index < Math.min(ranks.length, others.length); index += 1) {
    const difference = (ranks[index] ?? 0) - (others[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (ranks.length !== others.length) return ranks.length - others.length;
  return one < other ? -1 : one > other ? 1 : 0;
}

function rankOf(part: string): number {
  return part === '**' ? 2 : part === '*' ? 1 : 0;
}
