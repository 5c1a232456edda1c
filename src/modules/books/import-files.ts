import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, LessThan, Repository } from 'typeorm';
import { uuidv7 } from '../../common/ids/uuid';
import { currentTransaction, TenantDatabase } from '../../platform/database/tenant-database';
import { ImportChunk } from './entities/import-chunk.entity';
import { Import } from './entities/import.entity';

/** Bytes of a file in one row. */
const CHUNK = 262_144;
/** A file that is still on its way after this time lost its process. */
const ABANDONED_MS = 86_400_000;

export interface StoredFile {
  readonly importId: string;
  readonly sha256: Buffer;
  readonly size: number;
}

/** The files of imports, in PostgreSQL: written as they arrive, read as they are needed. Each step is a transaction. */
@Injectable()
export class ImportFiles {
  constructor(
    private readonly database: TenantDatabase,
    @InjectRepository(Import) private readonly imports: Repository<Import>,
    @InjectRepository(ImportChunk) private readonly chunks: Repository<ImportChunk>,
  ) {}

  /** Stores a file under a new import that nobody sees yet. When the file breaks off nothing is left. */
  async store(
    tenantId: string,
    ledgerId: string,
    createdBy: string,
    bytes: AsyncIterable<Buffer>,
  ): Promise<StoredFile> {
    const importId = uuidv7();
    await this.write(tenantId, async () => {
      await this.imports.delete({
        contentSha256: IsNull(),
        createdAt: LessThan(new Date(currentTransaction().now.getTime() - ABANDONED_MS)),
      });
      await this.imports.insert({ id: importId, ledgerId, createdBy });
    });
    try {
      const hash = createHash('sha256');
      let size = 0;
      let position = 0;
      for await (const chunk of inChunks(bytes)) {
        hash.update(chunk);
        size += chunk.length;
        await this.write(tenantId, () => this.chunks.insert({ importId, position, bytes: chunk }));
        position += 1;
      }
      return { importId, sha256: hash.digest(), size };
    } catch (error) {
      await this.discard(tenantId, importId);
      throw error;
    }
  }

  async discard(tenantId: string, importId: string): Promise<void> {
    await this.write(tenantId, () => this.imports.delete({ id: importId }));
  }

  /** The file again, a chunk at a time. */
  async *read(tenantId: string, importId: string): AsyncGenerator<Buffer> {
    for (let position = 0; ; position += 1) {
      const chunk = await this.database.run(tenantId, 'read', () => this.chunks.findOneBy({ importId, position }));
      if (!chunk) return;
      yield chunk.bytes;
    }
  }

  private write<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    return this.database.run(tenantId, 'write', work);
  }
}

async function* inChunks(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of bytes) {
    pieces.push(piece);
    size += piece.length;
    if (size < CHUNK) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(pieces);
}
