const LINE_FEED = 0x0a;
const BLANK = /^[ \t\r]*$/;

/**
 * Cuts bytes into lines as they arrive. Lines end with LF or CRLF, the last one also without; blank ones are left out.
 * Memory is bounded by the largest piece and one line, whatever the length of the whole.
 *
 * @param limit bytes of one line, at the most
 * @returns the lines that ended in each piece: their bytes, undefined for one beyond the limit, which was thrown away
 */
export async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<readonly (Buffer | undefined)[]> {
  const open = new OpenLine(limit);
  for await (const piece of bytes) {
    const lines: (Buffer | undefined)[] = [];
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      open.add(piece.subarray(start, end));
      lines.push(...open.end());
      start = end + 1;
    }
    open.add(piece.subarray(start));
    if (lines.length > 0) yield lines;
  }
  const last = open.end();
  if (last.length > 0) yield last;
}

/** The line that has begun and whose end has not arrived. */
class OpenLine {
  private parts: Uint8Array[] = [];
  private length = 0;

  constructor(private readonly limit: number) {}

  add(part: Uint8Array): void {
    this.length += part.length;
    if (this.length > this.limit) this.parts = [];
    else if (part.length > 0) this.parts.push(part);
  }

  /** One line, or none where it is blank. */
  end(): readonly (Buffer | undefined)[] {
    const line = this.length > this.limit ? undefined : Buffer.concat(this.parts);
    this.parts = [];
    this.length = 0;
    return line !== undefined && BLANK.test(line.toString('latin1')) ? [] : [line];
  }
}
