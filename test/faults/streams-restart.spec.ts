import { run } from '../support/run-script';

interface Report {
  readonly streams: number;
  readonly events: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly exitCode: number;
  readonly unfinished: number;
  readonly faults: readonly string[];
  readonly transactionsPerSecond: number;
}

/** The soak of ten minutes, as short as it can be. */
describe('many streams through the restart of a process', () => {
  it('API-19 each goes on, or ends with its reason and comes back without a gap and without an event twice', async () => {
    const output = await run('scripts/soak-streams.mjs', ['--tenants', '25', '--per-tenant', '12', '--seconds', '30']);
    const report = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Report;
    expect(report).toMatchObject({ streams: 300, exitCode: 0, unfinished: 0, faults: [] });
    expect(report.ends).toMatchObject({ over: 300 });
    // about half of them were with the process that ended; nobody was cut
    expect(report.ends['shutting-down']).toBeGreaterThan(50);
    expect(report.ends.cut).toBeUndefined();
    // two looks a second for each tenant and process, and the streams that moved; one look per stream would be 600
    expect(report.transactionsPerSecond).toBeLessThan(400);
  }, 180_000);
});
