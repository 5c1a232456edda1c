import { type IncomingMessage } from 'node:http';
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { type FastifyRequest } from 'fastify';
import { PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, UPLOAD_BROKEN } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';

/** A file that arrives. */
export class Upload {
  /** Known once the first bytes of the file are there. */
  fileName: string | undefined;

  constructor(
    private readonly request: FastifyRequest,
    private readonly limit: number,
  ) {}

  /**
   * The file's bytes as they come. When the reader stops early the rest of the request is read and thrown away, so
   * that the client gets to see the answer.
   *
   * @throws Problem `payload-too-large`, `upload-broken`, `unsupported-media-type`
   */
  async *bytes(): AsyncGenerator<Buffer> {
    const { raw } = this.request;
    try {
      // a form is a little longer than its file
      if (Number(raw.headers['content-length'] ?? 0) > this.limit + 65_536) throw this.tooLarge();
      let size = 0;
      for await (const bytes of this.file(raw)) {
        size += bytes.length;
        if (size > this.limit) throw this.tooLarge();
        yield bytes;
      }
    } finally {
      raw.resume();
    }
  }

  private file(raw: IncomingMessage): AsyncIterable<Buffer> {
    const type = raw.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (type === 'text/csv') return bodyOf(raw);
    if (type === 'multipart/form-data') return this.fileOfForm(raw);
    throw new Problem(UNSUPPORTED_MEDIA_TYPE, 'Send the file as text/csv, or in a multipart/form-data form.');
  }

  private async *fileOfForm(raw: IncomingMessage): AsyncGenerator<Buffer> {
    const form = new FormFile(raw.headers as BusboyHeaders);
    for await (const bytes of bodyOf(raw)) {
      await form.write(bytes);
      this.fileName = form.fileName;
      yield* form.take();
    }
    await form.end();
    yield* form.take();
  }

  private tooLarge(): Problem {
    return new Problem(PAYLOAD_TOO_LARGE, `A file has at most ${this.limit} bytes. Split it, and import the parts.`);
  }
}

/** The body as it comes. @throws Problem `upload-broken` when the client hangs up */
export async function* bodyOf(raw: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    // destroying the request would take the answer with it
    yield* raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw new Problem(UPLOAD_BROKEN, 'The connection ended before the body did.', { cause });
  }
}

/** The one file of a form. */
class FormFile {
  fileName: string | undefined;
  private readonly pieces: Buffer[] = [];
  private readonly form: BusboyInstance;
  private files = 0;
  private error: unknown;

  /** @throws Problem `upload-broken` */
  constructor(headers: BusboyHeaders) {
    try {
      this.form = new Busboy({ headers, limits: { files: 2, fields: 20, fieldSize: 4_096, headerSize: 16_384 } });
    } catch (cause) {
      throw broken('The form has no boundary.', cause);
    }
    this.form.on('error', (error: unknown) => (this.error ??= error));
    this.form.on('file', (_field, file, name) => {
      this.files += 1;
      this.fileName = name;
      file.on('error', (error) => (this.error ??= error));
      file.on('data', (piece: Buffer) => this.pieces.push(piece));
    });
  }

  async write(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => {
      this.form.write(bytes, () => {
        resolve();
      });
    });
    this.assertWhole();
  }

  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.form.once('finish', resolve).once('error', resolve);
      this.form.end();
    });
    this.assertWhole();
    if (this.files !== 1) throw broken('The form has no file.');
  }

  take(): Buffer[] {
    return this.pieces.splice(0);
  }

  private assertWhole(): void {
    if (this.error !== undefined) throw broken('The form is not whole.', this.error);
    if (this.files > 1) throw broken('The form has more than one file.');
  }
}

const broken = (detail: string, cause?: unknown) => new Problem(UPLOAD_BROKEN, detail, { cause });
