import { execFileSync } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { describeUnless } from '../support/leave-out';
import { createLedger, faultsInBooks, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { newFolder, type OwnPostgres, startOwnPostgres } from '../support/own-servers';
import { type Postbox, PostingLoad, postOnce } from '../support/posting-load';
import { until } from '../../src/testing/until';

const SIZE = '250m';
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

describeUnless(
  mayMount ? undefined : 'only root on Linux can make a small disk',
  'the disk of PostgreSQL is full',
  () => {
    let disk: string;
    let postgres: OwnPostgres;
    let app: TestApp;
    let owner: TestTenant;
    let ledger: TestLedger;

    beforeAll(async () => {
      disk = await newFolder();
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', disk]);
      postgres = await startOwnPostgres({ parent: disk });
      app = await startTestApp();
      owner = await app.createTenantWithOwner();
      ledger = await createLedger(app, owner.token);
    }, 60_000);
    afterAll(async () => {
      await app.close().catch(() => undefined);
      await postgres.stop();
      execFileSync('umount', [disk]);
      await rm(disk, { recursive: true });
    }, 60_000);

    const ballast = () => join(disk, 'ballast');
    const postbox = (): Postbox => ({ url: app.url, token: owner.token, path: ledger.path });

    /** Until nothing more goes onto the disk. */
    async function fill(): Promise<void> {
      const file = await open(ballast(), 'w');
      for (let size = 1 << 20; size >= 4_096;) {
        try {
          await file.write(Buffer.alloc(size));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          size >>= 1;
        }
      }
      await file.close();
    }

    it('REL-09 postings are refused with 503 until there is room, and nothing acknowledged is lost', async () => {
      const load = new PostingLoad('full', postbox, 8);
      try {
        await until('postings go through', () => load.acknowledged.size > 50);
        await fill();
        await until('they are refused', () => load.refusals.length > 20, 30_000);
        await rm(ballast());
        // PostgreSQL stops when it cannot write its log, and its operator starts it again
        await postgres.start();
        const before = load.acknowledged.size;
        await until('they go through again', () => load.acknowledged.size > before + 50, 30_000);
      } finally {
        await load.stop();
      }
      for (const { status, code, retryAfter } of load.refusals) {
        expect(status).toBe(503);
        expect(['unavailable', 'outcome-unknown']).toContain(code);
        expect(retryAfter).toMatch(/^\d+$/);
      }
      for (const [key, { id }] of [...load.acknowledged].filter((_, index) => index % 25 === 0))
        expect(await postOnce(postbox(), key)).toMatchObject({ status: 201, id, replayed: true });
      const books = await connected();
      const rows = await books.sql<{ reference: string; id: string }>('SELECT reference, id FROM transactions');
      expect(new Map(rows.map(({ reference, id }) => [reference, id]))).toEqual(
        new Map([...load.acknowledged].map(([key, { id }]) => [key, id])),
      );
      expect([rows.length, await faultsInBooks(books), await faultsInChains(books)]).toEqual([
        load.acknowledged.size,
        [],
        [],
      ]);
      await books.close();
    }, 120_000);

    /** Another app, as the connection that the first one's `sql` had may be gone with the server. */
    const connected = () => startTestApp({}, app);
  },
);
