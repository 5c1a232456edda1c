/**
 * The media type to answer with (RFC 9110 §12.5.1): of those that can be offered the one that the Accept header gives the
 * highest weight; between equals the one offered first. Undefined: none is acceptable.
 *
 * @param header the header's value; without one everything is acceptable
 * @param offered full types without parameters, the preferred one first
 */
export function preferredType<T extends string>(header: string | undefined, offered: readonly T[]): T | undefined {
  if (header === undefined || header.trim() === '') return offered[0];
  const ranges = header.split(',').map(rangeOf);
  let best: { readonly type: T; readonly weight: number } | undefined;
  for (const type of offered) {
    const weight = weightOf(type, ranges);
    if (weight > (best?.weight ?? 0)) best = { type, weight };
  }
  return best?.type;
}

interface Range {
  readonly type: string;
  readonly weight: number;
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(parameter));
  return { type, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
}

/** The most specific range that fits decides. */
function weightOf(type: string, ranges: readonly Range[]): number {
  for (const fitting of [type, `${type.split('/')[0] ?? ''}/*`, '*/*']) {
    const range = ranges.find((candidate) => candidate.type === fitting);
    if (range) return range.weight;
  }
  return 0;
}
