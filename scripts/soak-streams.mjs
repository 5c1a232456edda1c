import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { within } from './services/processes.mjs';
import { Follower } from './soak/follower.mjs';
import { setStage, startProcess } from './soak/stage.mjs';

/*
 * Many streams of job events, through a SIGTERM and restart of one of two processes: none may be cut without a reason,
 * miss an event or get one twice. Prints what it saw as JSON on the last line; exit code 1 when something was wrong.
 *
 *   node scripts/soak-streams.mjs [--tenants 50] [--per-tenant 20] [--seconds 600]
 */

const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '50' },
    'per-tenant': { type: 'string', default: '20' },
    seconds: { type: 'string', default: '600' },
  },
});
const [tenants, perTenant, seconds] = [Number(values.tenants), Number(values['per-tenant']), Number(values.seconds)];

const stage = await setStage({ tenants, jobsPerTenant: perTenant });
const processes = [];
let report;
try {
  for (let number = 0; number < 2; number += 1) processes.push(await startProcess(stage.env));
  report = await soak();
} finally {
  for (const application of processes) await application.end();
  await stage.remove();
}
console.log(JSON.stringify(report));
process.exit(report.faults.length > 0 || (report.ends.cut ?? 0) > 0 || report.unfinished > 0 ? 1 : 0);

/** Moves a share of the jobs on by one event, as a worker does. */
async function move(type, state, share) {
  await stage.admin.query(
    `WITH moved AS (
       UPDATE jobs SET last_event = last_event + 1, state = $2,
              finished_at = CASE WHEN $2 = 'succeeded' THEN now() END
       WHERE random() < $3 RETURNING tenant_id, id, last_event)
     INSERT INTO job_events (tenant_id, job_id, sequence, type, data)
     SELECT tenant_id, id, last_event, $1, jsonb_build_object('state', $2::text) FROM moved`,
    [type, state, share],
  );
}

async function soak() {
  const urls = processes.map(({ url }) => url);
  const followers = stage.books.flatMap((book) => {
    const token = tokensOf(urls, book);
    return book.jobIds.map((jobId) => new Follower({ jobId, urls, token }));
  });
  // a token each, before memory is measured
  for (const book of stage.books) await tokensOf(urls, book)(false);
  const before = await memory(urls);
  // not all in one moment: readers do not come at once, except after a restart
  const runs = followers.map(async (follower, number) => {
    await sleep(number * 5);
    await follower.run();
  });
  const all = await within(60_000, () => followers.every(({ connected }) => connected), 100);
  if (!all) throw new Error('not all streams were opened within a minute');
  const open = await memory(urls);
  const committed = await commits();
  const begun = Date.now();
  say(`${followers.length} streams of ${tenants} tenants are open`);

  const end = begun + seconds * 1_000;
  const restart = restartOne(seconds * 1_000);
  while (Date.now() < end) {
    // a tenth of the jobs has moved
    await move('progress', 'running', 0.1);
    await sleep(1_000);
  }
  const perSecond = Math.round(((await commits()) - committed) / ((Date.now() - begun) / 1_000));
  const late = await memory(urls);
  const exitCode = await restart;
  await move('state', 'succeeded', 1);
  await within(60_000, () => followers.every(({ over }) => over), 100);
  const unfinished = followers.filter(({ over }) => !over).length;
  const { rows } = await stage.admin.query('SELECT id, last_event::int AS last FROM jobs');
  const last = new Map(rows.map((row) => [row.id, row.last]));
  const behind = followers.filter(({ last: had, options }) => had !== last.get(options.jobId)).length;
  for (const follower of followers) follower.stop();
  await Promise.all(runs);
  const ends = {};
  for (const follower of followers)
    for (const [end, count] of Object.entries(follower.ends)) ends[end] = (ends[end] ?? 0) + count;
  return {
    streams: followers.length,
    tenants,
    seconds,
    events: followers.reduce((sum, { events }) => sum + events, 0),
    ends,
    exitCode,
    unfinished: unfinished + behind,
    faults: followers.flatMap(({ faults }) => faults).slice(0, 20),
    transactionsPerSecond: perSecond,
    kilobytesPerStream: Math.round((open - before) / 1024 / followers.length),
    megabytesAtTheEnd: Math.round(late / 1_048_576),
  };
}

/** Half-way: one process ends as an orchestrator ends it, and comes back. @returns its exit code */
async function restartOne(milliseconds) {
  await sleep(milliseconds / 2);
  say('SIGTERM to one process');
  const code = await processes[0].end();
  await processes[0].start();
  say('it is back');
  return code;
}

/** One sign-in at a time; `fresh` when the token has ended. */
function tokensOf(urls, book) {
  book.token ??= {};
  return async (fresh) => {
    const now = Date.now();
    // the others of this tenant, whose streams ended with the same token, wait for the same sign-in
    if (book.token.answer === undefined || (fresh && now - book.token.at > 10_000)) {
      book.token.at = now;
      book.token.answer = signIn(urls, book);
    }
    return book.token.answer;
  };
}

async function signIn(urls, { email, password, tenantId }) {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await fetch(`${urls[attempt % urls.length]}/v1/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password, tenantId }),
    }).catch(() => undefined);
    if (answer?.ok) return (await answer.json()).accessToken;
    // hashes have a queue; a process may be away
    if (attempt === 100) throw new Error(`no sign-in: ${answer?.status}`);
    await sleep(300);
  }
}

/** Bytes that the processes have in memory. */
async function memory(urls) {
  const each = urls.map(async (url) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1] ?? 0);
  });
  return (await Promise.all(each)).reduce((sum, bytes) => sum + bytes, 0);
}

async function commits() {
  await stage.admin.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await stage.admin.query(
    `SELECT xact_commit::int AS n FROM pg_stat_database WHERE datname = 'daybook'`,
  );
  return rows[0].n;
}

function say(text) {
  console.log(`${new Date().toISOString()} ${text}`);
}
