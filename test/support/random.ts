/** Whole numbers from 0 up to, not including, `below`. */
export type Random = (below: number) => number;

/** Numbers that can be had again: a failing run names its seed. */
export function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
