import fc from 'fast-check';
import { formatTraceparent, traceContextFrom } from './trace-context';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: length, maxLength: length })
    .filter((text) => !/^0+$/.test(text));

describe('traceContextFrom (API-18)', () => {
  it.each([
    ['00', true, '01'],
    ['00', false, '00'],
    ['00', true, '03'],
    ['00', false, '02'],
    ['00', true, 'ff'],
    ['01', true, '01'],
    ['cc', true, '01-what-the-future-will-be-like'],
    ['fe', false, '00-'],
  ])('API-18 goes on with a trace of version %s, sampled %s', (version, sampled, flags) => {
    const context = traceContextFrom(`${version}-${TRACE}-${SPAN}-${flags}`);
    expect(context).toMatchObject({ traceId: TRACE, parentId: SPAN, sampled, fromCaller: true });
    expect(context.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(context.spanId).not.toBe(SPAN);
  });

  it.each<{ header: string | string[] | undefined; because: string }>([
    { header: undefined, because: 'missing' },
    { header: '', because: 'empty' },
    { header: 'nonsense', because: 'nonsense' },
    { header: `ff-${TRACE}-${SPAN}-01`, because: 'version ff' },
    { header: `0-${TRACE}-${SPAN}-01`, because: 'version of one digit' },
    { header: `00-${TRACE}-${SPAN}-01-extra`, because: 'version 00 with more' },
    { header: `00-${TRACE}-${SPAN}-01-`, because: 'version 00 with a hyphen more' },
    { header: `01-${TRACE}-${SPAN}-01extra`, because: 'later version without hyphen' },
    { header: `00-${'0'.repeat(32)}-${SPAN}-01`, because: 'trace id zero' },
    { header: `00-${TRACE}-${'0'.repeat(16)}-01`, because: 'parent id zero' },
    { header: `00-${TRACE.toUpperCase()}-${SPAN}-01`, because: 'upper case' },
    { header: `00-${TRACE.slice(1)}-${SPAN}-01`, because: 'short trace id' },
    { header: `00-${TRACE}-${SPAN}-1`, because: 'short flags' },
    { header: `00-${TRACE}-${SPAN}-0g`, because: 'flags no hex' },
    { header: ` 00-${TRACE}-${SPAN}-01`, because: 'a space' },
    { header: `00-${TRACE}-${SPAN}-01\n`, because: 'a line feed' },
    { header: `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, because: 'repeated and joined' },
    { header: [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`], because: 'repeated' },
    { header: [], because: 'no values' },
    { header: `01-${TRACE}-${SPAN}-01-${'x'.repeat(100_000)}`, because: 'very long' },
  ])('API-18 begins a fresh trace: $because', ({ header }) => {
    const context = traceContextFrom(header);
    expect(context.fromCaller).toBe(false);
    expect(context.parentId).toBeUndefined();
    expect(context.sampled).toBe(false);
    expect(context.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(context.traceId).not.toBe(TRACE);
    expect(context.spanId).toMatch(/^[0-9a-f]{16}$/);
  });

  it('API-18 never throws, whatever the header', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string())), (header) => {
        expect(traceContextFrom(header).fromCaller).toBe(false);
      }),
    );
  });

  it('API-18 makes ids that do not repeat, over more than one pool of randomness', () => {
    const contexts = Array.from({ length: 2_000 }, () => traceContextFrom(undefined));
    expect(new Set(contexts.map((context) => context.traceId)).size).toBe(2_000);
    expect(new Set(contexts.map((context) => context.spanId)).size).toBe(2_000);
  });
});

describe('formatTraceparent (API-18)', () => {
  it('API-18 hands the trace on with our span as its parent', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, parentId, sampled) => {
        const header = formatTraceparent({ traceId, spanId: parentId, sampled });
        const ours = traceContextFrom(header);
        expect(ours).toMatchObject({ traceId, parentId, sampled, fromCaller: true });
        expect(formatTraceparent(ours)).toBe(`00-${traceId}-${ours.spanId}-${sampled ? '01' : '00'}`);
      }),
    );
  });
});
