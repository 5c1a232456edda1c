import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import autocannon from 'autocannon';
import { freePort } from '../services/ports.mjs';
import { within } from '../services/processes.mjs';
import { built, NODE_FLAGS } from '../setup/project.mjs';

/** The built application as a process of its own. */
export async function startApplication(env) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...NODE_FLAGS, built('main')], {
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const up = await within(30_000, () =>
    fetch(`${url}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  if (!up) throw new Error('the application did not come up');
  const stop = () => {
    child.kill('SIGTERM');
    return exited;
  };
  return { url, pid: child.pid, stop };
}

/** Megabytes that a process has in memory; undefined where /proc is not there. */
export async function residentMegabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

/** Signs in and makes a ledger with accounts by the API, as a client would. */
export async function prepareBook(url, login, accounts) {
  const call = async (path, body, token) => {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  // an access token lasts for minutes, the report may take longer
  const signIn = async () =>
    (await call('/v1/auth/sign-in', { email: login.email, password: login.password })).accessToken;
  const accessToken = await signIn();
  const ledger = await call('/v1/ledgers', { name: `bench ${crypto.randomUUID()}` }, accessToken);
  for (let n = 0; n < accounts; n += 1)
    await call(`/v1/ledgers/${ledger.id}/accounts`, { code: `a:${n}`, type: 'asset' }, accessToken);
  // a program's credential, which does the same without signing in
  const key = async () =>
    (await call('/v1/api-keys', { name: 'bench', permissions: ['transactions:write'] }, await signIn())).secret;
  return { signIn, key, path: `/v1/ledgers/${ledger.id}/transactions` };
}

/** Single postings with bearer token, idempotency key and validation. */
export async function measureHttp(url, { signIn, path }, choose, { connections, seconds }) {
  const accessToken = await signIn();
  const result = await autocannon({
    url: url + path,
    connections,
    duration: seconds,
    method: 'POST',
    requests: [
      {
        method: 'POST',
        path,
        setupRequest: (request) => {
          const [from, to] = choose();
          return {
            ...request,
            headers: {
              'content-type': 'application/json',
              authorization: `Bearer ${accessToken}`,
              'idempotency-key': crypto.randomUUID(),
            },
            body: JSON.stringify({
              description: 'bench',
              entries: [
                { account: from, direction: 'debit', amount: '1.00', currency: 'EUR' },
                { account: to, direction: 'credit', amount: '1.00', currency: 'EUR' },
              ],
            }),
          };
        },
      },
    ],
  });
  if (result['2xx'] === 0 || result.non2xx > 0 || result.errors > 0)
    throw new Error(`HTTP: ${result['2xx']} answers of 2xx, ${result.non2xx} others, ${result.errors} errors`);
  return {
    rate: result['2xx'] / result.duration,
    duration: result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
}

/** Bulk requests of so many postings, two at a time. @returns postings a second */
export async function measureBulk(url, { signIn, path }, choose, { items, seconds }) {
  const accessToken = await signIn();
  let posted = 0;
  const began = performance.now();
  const until = began + seconds * 1000;
  const body = () =>
    JSON.stringify({
      items: Array.from({ length: items }, () => {
        const [from, to] = choose();
        return {
          description: 'bench',
          entries: [
            { account: from, direction: 'debit', amount: '1.00', currency: 'EUR' },
            { account: to, direction: 'credit', amount: '1.00', currency: 'EUR' },
          ],
        };
      }),
    });
  await Promise.all(
    [1, 2].map(async () => {
      while (performance.now() < until) {
        const answer = await fetch(`${url}${path}/bulk`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${accessToken}`,
            'idempotency-key': crypto.randomUUID(),
          },
          body: body(),
        });
        const text = await answer.text();
        if (answer.status !== 200) throw new Error(`bulk: ${answer.status} ${text.slice(0, 500)}`);
        posted += items;
      }
    }),
  );
  return posted / ((performance.now() - began) / 1000);
}
