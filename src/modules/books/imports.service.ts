import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, LessThan, MoreThan, Not, Repository } from 'typeorm';
import { Problem } from '../../common/problems/problem';
import { TenantDatabase } from '../../platform/database/tenant-database';
import {
  fingerprintOf,
  type IdempotentOutcome,
  IdempotencyService,
} from '../../platform/http/idempotency/idempotency.service';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { requestContext } from '../../platform/context/request-context';
import { AuditTrail } from '../../platform/security/audit-trail';
import { type PageQuery } from '../../platform/http/pagination/page.dto';
import { type Upload } from '../../platform/http/upload/upload';
import { JobsService } from '../jobs';
import { LEDGER_CLOSED, LedgersService } from '../transactions';
import { IMPORT_INVALID, IMPORT_NOT_FOUND } from './books.errors';
import { type ImportPreviewResponse, ImportResponse, type ImportWithJobResponse } from './dto/import.dto';
import { dialectOf, type GivenOptions } from './dto/import-options.dto';
import { Import } from './entities/import.entity';
import { typeOfNew } from './format/book-check';
import { FirstBytes, guessesOf } from './format/guesses';
import { ImportChecker } from './import-checker';
import { ImportFiles, type StoredFile } from './import-files';

/** Kind of the job that posts a file. */
export const IMPORT_JOB = 'import';

export interface ImportRequest {
  readonly tenantId: string;
  readonly userId: string;
  readonly ledgerId: string;
  /** Method and route pattern, and the key that was sent. */
  readonly operation: string;
  readonly key: string;
  readonly fileName: string | undefined;
  readonly options: GivenOptions;
}

@Injectable()
export class ImportsService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    @InjectRepository(Import) private readonly imports: Repository<Import>,
    private readonly files: ImportFiles,
    private readonly checker: ImportChecker,
    private readonly ledgers: LedgersService,
    private readonly jobs: JobsService,
    private readonly cursors: CursorService,
    private readonly trail: AuditTrail,
  ) {}

  /**
   * Takes a file as it arrives, in transactions of its own; then, in one, makes the import and its job. What a retry
   * with the same key brings is the answer to the first; the second copy of the file is thrown away.
   *
   * @throws Problem `ledger-not-found`, `import-invalid` for an empty file, those of the upload and of idempotency
   */
  async accept(request: ImportRequest, upload: Upload): Promise<IdempotentOutcome> {
    const { tenantId, userId, ledgerId, operation, key, options } = request;
    dialectOf(options);
    await this.database.run(tenantId, 'read', () => this.ledgers.get(ledgerId));
    const file = await this.files.store(tenantId, ledgerId, userId, upload.bytes());
    let accepted = false;
    try {
      if (file.size === 0)
        throw new Problem(IMPORT_INVALID, 'The file is empty.', {
          errors: [{ pointer: 'line 1', detail: 'must be the header' }],
          extensions: { errorCount: 1 },
        });
      const fileName = upload.fileName ?? request.fileName;
      const fingerprint = fingerprintOf({ ledgerId, sha256: file.sha256.toString('hex'), ...options });
      const outcome = await this.database.run(tenantId, 'write', () =>
        this.idempotency.run({ principalId: userId, operation, key, fingerprint }, async () => {
          const begun = await this.begin(ledgerId, file, fileName, options);
          const action = requestContext.current()?.action ?? 'importsCreate';
          await this.trail.record({ action, subject: `/v1/ledgers/${ledgerId}/imports/${file.importId}` });
          return begun;
        }),
      );
      accepted = outcome.status < 400 && !outcome.replayed;
      return outcome;
    } finally {
      if (!accepted) await this.files.discard(tenantId, file.importId);
    }
  }

  /** How the first rows of a file are understood. @throws Problem `ledger-not-found`, `validation-failed`, those of the upload */
  async preview(
    tenantId: string,
    ledgerId: string,
    options: GivenOptions,
    upload: Upload,
  ): Promise<ImportPreviewResponse> {
    const dialect = dialectOf(options);
    const first = new FirstBytes(upload.bytes());
    const { rows, check } = await this.checker.preview(tenantId, ledgerId, first.blocks(), dialect);
    return {
      rows: rows.map(({ line, fields }) => ({
        line,
        ...fields,
        newAccountType: check.accounts.get(fields.account) ? null : (typeOfNew(fields.account, dialect) ?? null),
      })),
      guesses: guessesOf(dialect, first.header, rows),
      errors: check.errors.map(({ pointer, detail }) => ({ pointer, detail })),
    };
  }

  /** @throws Problem `import-not-found` */
  async get(ledgerId: string, id: string): Promise<ImportWithJobResponse> {
    const found = await this.imports.findOneBy({ id, ledgerId, contentSha256: Not(IsNull()) });
    if (!found) throw new Problem(IMPORT_NOT_FOUND, 'The ledger has no import with this id.');
    return {
      import: ImportResponse.of(found),
      job: found.jobId === null ? null : await this.jobs.get(found.jobId),
    };
  }

  /** Newest first. @throws Problem `ledger-not-found` */
  async list(ledgerId: string, query: PageQuery) {
    await this.ledgers.get(ledgerId);
    return this.cursors.page(
      `imports ${ledgerId}`,
      query,
      {},
      ({ direction, key, limit }) =>
        this.imports.find({
          where: {
            ledgerId,
            contentSha256: Not(IsNull()),
            ...(key?.[0] === undefined ? {} : { id: direction === 'next' ? LessThan(key[0]) : MoreThan(key[0]) }),
          },
          order: { id: direction === 'next' ? 'DESC' : 'ASC' },
          take: limit + 1,
        }),
      (found) => [found.id],
      (found) => ImportResponse.of(found),
    );
  }

  private async begin(ledgerId: string, file: StoredFile, fileName: string | undefined, options: GivenOptions) {
    const ledger = await this.ledgers.get(ledgerId);
    if (ledger.status !== 'open') throw new Problem(LEDGER_CLOSED, 'The ledger is closed.');
    const { importId: id } = file;
    const { id: jobId } = await this.jobs.enqueue(IMPORT_JOB, { importId: id });
    await this.imports.update(
      { id },
      {
        jobId,
        contentSha256: file.sha256,
        size: BigInt(file.size),
        fileName: printable(fileName),
        options: { ...options },
      },
    );
    return {
      status: 202,
      headers: { location: `/v1/ledgers/${ledgerId}/imports/${id}` },
      body: await this.get(ledgerId, id),
    };
  }
}

/** A name that a client made up: without control characters, and not too long. */
function printable(name: string | undefined): string | null {
  const clean = name?.replace(/\p{Cc}/gu, '').trim();
  return clean ? Array.from(clean).slice(0, 255).join('') : null;
}
