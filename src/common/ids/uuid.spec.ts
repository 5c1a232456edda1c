import fc from 'fast-check';
import { isUuid, NIL_UUID, uuidv7 } from './uuid';

const timestampOf = (id: string): number => parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

describe('uuidv7', () => {
  it('has the layout of RFC 9562 §5.7: version 7, variant 10, the time first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
        const id = uuidv7(now);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(timestampOf(id)).toBe(now);
      }),
    );
  });

  it("carries the time of the RFC's own example (appendix A.6)", () => {
    expect(uuidv7(0x017f22e279b0)).toMatch(/^017f22e2-79b0-7/);
  });

  it('ascends strictly and never repeats, over more ids than one millisecond or one pool of randomness holds', () => {
    const before = Date.now();
    const ids = Array.from({ length: 50_000 }, () => uuidv7());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([...ids].sort());
    expect(timestampOf(ids[0] ?? '')).toBeGreaterThanOrEqual(before);
  });

  it('ascends within one given millisecond, running ahead of it only when the counter is full', () => {
    const ids = Array.from({ length: 10_000 }, () => uuidv7(1_700_000_000_000));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
    const drift = timestampOf(ids.at(-1) ?? '') - 1_700_000_000_000;
    expect(drift).toBeGreaterThan(0);
    expect(drift).toBeLessThanOrEqual(Math.ceil(10_000 / 2048));
  });

  it('stays ascending when the system clock steps back', () => {
    const clock = jest.spyOn(Date, 'now');
    try {
      const base = Date.now() + 60_000;
      const ids = [base, base - 5_000, base - 1, base + 1].map((time) => {
        clock.mockReturnValue(time);
        return uuidv7();
      });
      expect(ids).toEqual([...ids].sort());
      expect(new Set(ids).size).toBe(4);
    } finally {
      clock.mockRestore();
    }
  });

  it('honours an explicit time earlier than the last, and does not let it disturb live ids', () => {
    const live = uuidv7();
    expect(timestampOf(uuidv7(5_000))).toBe(5_000);
    expect(timestampOf(uuidv7(4_000))).toBe(4_000);
    expect(uuidv7() > live).toBe(true);
  });

  it('differs in its random bits between ids of the same millisecond', () => {
    const tails = new Set(Array.from({ length: 1_000 }, () => uuidv7(42).slice(19)));
    expect(tails.size).toBe(1_000);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 48, Number.POSITIVE_INFINITY])('refuses %p as a time', (now) => {
    expect(() => uuidv7(now)).toThrow(RangeError);
  });
});

describe('isUuid', () => {
  it.each([
    NIL_UUID,
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
    '017F22E2-79B0-7CC3-98C4-DC0C0C07398F',
    'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  ])('accepts %s', (text) => {
    expect(isUuid(text)).toBe(true);
  });

  it.each([
    '',
    'f81d4fae7dec11d0a76500a0c91e6bf6',
    '{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}',
    'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    'f81d4fae-7dec-11d0-a765-00a0c91e6bf6\n',
    ' f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    'g81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    null,
    undefined,
    7,
    ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6'],
  ])('refuses %p', (value) => {
    expect(isUuid(value)).toBe(false);
  });
});
