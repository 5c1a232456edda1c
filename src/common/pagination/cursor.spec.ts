import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { CursorCodec, type CursorPayload, hashFilter } from './cursor';

const KEY = Buffer.alloc(32, 1);
const OLD_KEY = Buffer.alloc(32, 2);
const codec = new CursorCodec([KEY, OLD_KEY]);

const filters = { status: 'posted', reference: 'order-4711' };
const payload: CursorPayload = {
  tenantId: '0199f8a2-0000-7000-8000-000000000001',
  list: 'transactions',
  filter: hashFilter(filters),
  filters,
  direction: 'next',
  key: ['2026-11-21T10:15:00.000Z', '0199f8a2-0000-7000-8000-00000000000a'],
};
const expected = { tenantId: payload.tenantId, list: payload.list, filter: payload.filter };

const payloads: fc.Arbitrary<CursorPayload> = fc
  .record({
    tenantId: fc.uuid(),
    list: fc.string(),
    filters: fc.dictionary(fc.string(), fc.string()),
    direction: fc.constantFrom('next' as const, 'previous' as const),
    key: fc.array(fc.string({ unit: 'grapheme' })),
  })
  .map((value) => ({ ...value, filters: { ...value.filters }, filter: hashFilter(value.filters) }));

describe('CursorCodec (API-11)', () => {
  it('API-11 reads back what it wrote, with the filters repeated or the cursor alone', () => {
    fc.assert(
      fc.property(payloads, (value) => {
        const text = codec.encode(value);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        const { tenantId, list, filter } = value;
        expect(codec.decode(text, { tenantId, list, filter })).toEqual(value);
        expect(codec.decode(text, { tenantId, list })).toEqual(value);
      }),
    );
  });

  it('API-11 returns the filters to a client that sends the cursor alone', () => {
    const decoded = codec.decode(codec.encode(payload), { tenantId: payload.tenantId, list: 'transactions' });
    expect(decoded?.filters).toEqual({ status: 'posted', reference: 'order-4711' });
  });

  it.each([
    ['tenant', { ...expected, tenantId: '0199f8a2-0000-7000-8000-000000000002' }],
    ['list', { ...expected, list: 'accounts' }],
    ['filter', { ...expected, filter: hashFilter({ status: 'pending' }) }],
    ['filter: none', { ...expected, filter: hashFilter({}) }],
  ])('API-11 knows no cursor of another %s', (_, other) => {
    const text = codec.encode(payload);
    expect(codec.decode(text, expected)).toEqual(payload);
    expect(codec.decode(text, other)).toBeUndefined();
  });

  it('API-11 does not contain the tenant or the name of the list', () => {
    const bytes = Buffer.from(codec.encode(payload), 'base64url').toString('latin1');
    expect(bytes).not.toContain(payload.tenantId);
    expect(bytes).not.toContain(payload.list);
    expect(bytes).not.toContain(payload.filter);
  });

  it('API-11 keeps tenant and list apart in what is signed', () => {
    const text = codec.encode({ ...payload, tenantId: 'a', list: 'bc' });
    expect(codec.decode(text, { tenantId: 'ab', list: 'c' })).toBeUndefined();
    expect(codec.decode(text, { tenantId: 'a","bc', list: '' })).toBeUndefined();
    expect(codec.decode(text, { tenantId: 'a', list: 'bc' })).toBeDefined();
  });

  it('API-11 refuses a cursor with any one bit changed', () => {
    const bytes = Buffer.from(codec.encode(payload), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const forged = Buffer.from(bytes);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codec.decode(forged.toString('base64url'), expected)).toBeUndefined();
    }
  });

  it('API-11 refuses any other text', () => {
    const text = codec.encode(payload);
    const others = [
      '',
      'x',
      '=',
      text.slice(0, -1),
      text.slice(0, 43),
      `${text}=`,
      `${text}A`,
      ` ${text}`,
      `${text}\n`,
    ];
    others.push(
      text + text,
      `${text.slice(0, 10)}.${text.slice(10)}`,
      'A'.repeat(100_000),
      randomBytes(64).toString('base64url'),
    );
    for (const other of others) expect(codec.decode(other, expected)).toBeUndefined();
    expect(codec.decode([text] as unknown as string, expected)).toBeUndefined();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (other) => {
        expect(codec.decode(other, expected)).toBeUndefined();
      }),
    );
  });

  it('API-11 signs with the first key and reads with all, so that keys can be rotated', () => {
    const old = new CursorCodec([OLD_KEY]);
    expect(codec.decode(old.encode(payload), expected)).toEqual(payload);
    expect(new CursorCodec([KEY]).decode(codec.encode(payload), expected)).toEqual(payload);
    expect(old.decode(codec.encode(payload), expected)).toBeUndefined();
    expect(new CursorCodec([Buffer.alloc(32, 3)]).decode(codec.encode(payload), expected)).toBeUndefined();
  });

  it('API-11 does not make a cursor that forgets its filters', () => {
    expect(() => codec.encode({ ...payload, filters: {} })).toThrow(RangeError);
    expect(() => codec.encode({ ...payload, filter: hashFilter({}) })).toThrow(RangeError);
  });

  it('does not make a cursor it would not read', () => {
    const long = { reference: 'x'.repeat(8_192) };
    expect(() => codec.encode({ ...payload, filters: long, filter: hashFilter(long) })).toThrow(RangeError);
  });

  it('needs a key, of 32 bytes', () => {
    expect(() => new CursorCodec([])).toThrow(RangeError);
    expect(() => new CursorCodec([KEY, Buffer.alloc(31)])).toThrow(RangeError);
  });

  it('keeps its keys when the caller wipes its own', () => {
    const key = Buffer.alloc(32, 9);
    const own = new CursorCodec([key]);
    const text = own.encode(payload);
    key.fill(0);
    expect(own.decode(text, expected)).toEqual(payload);
  });
});

describe('hashFilter (API-11)', () => {
  it('API-11 is the same in any order, and without what is undefined', () => {
    expect(hashFilter({ b: '2', a: '1', c: undefined })).toBe(hashFilter({ a: '1', b: '2' }));
    expect(hashFilter({ a: ['x', 'y'] })).not.toBe(hashFilter({ a: ['y', 'x'] }));
  });

  it('API-11 tells different filters apart', () => {
    const some = [{}, { a: '' }, { a: '1' }, { a: 1 }, { b: '1' }, { a: '1', b: '' }, { a: null }, { a: '1,b:2' }];
    expect(new Set(some.map(hashFilter)).size).toBe(some.length);
  });

  it('API-11 takes a Date for its text', () => {
    expect(hashFilter({ asOf: new Date(0) })).toBe(hashFilter({ asOf: '1970-01-01T00:00:00.000Z' }));
  });
});
