import * as fc from 'fast-check';
import { linesOf } from './lines';

async function* piecesOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...places, bytes.length]) {
    yield await Promise.resolve(bytes.subarray(start, end));
    start = end;
  }
}

async function read(text: string, cuts: readonly number[] = [], limit = 1_000): Promise<(string | undefined)[]> {
  const lines: (string | undefined)[] = [];
  for await (const some of linesOf(piecesOf(Buffer.from(text), cuts), limit))
    lines.push(...some.map((line) => line?.toString()));
  return lines;
}

describe('linesOf', () => {
  it('cuts at LF and CRLF, takes a last line without an end, and leaves blank ones out', async () => {
    expect(await read('{"a":1}\n\r\n  \n{"b":2}\r\n{"c":3}')).toEqual(['{"a":1}', '{"b":2}\r', '{"c":3}']);
    expect(await read('')).toEqual([]);
  });

  it('gives the same lines wherever the bytes are cut, within a character too', async () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => /[^\s]/.test(text) && !/[\n\r]/.test(text));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), async (lines, cuts) => {
        expect(await read(lines.join('\n'), cuts)).toEqual(lines);
      }),
    );
  });

  it('throws a line beyond the limit away, however it is cut, and goes on with the next', async () => {
    const text = `short\n${'x'.repeat(11)}\n0123456789\n`;
    for (let cut = 0; cut < text.length; cut += 1)
      expect(await read(text, [cut, cut + 3], 10)).toEqual(['short', undefined, '0123456789']);
  });
});
