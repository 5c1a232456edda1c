import { setTimeout as delay } from 'node:timers/promises';
import { posting } from './ledger';

export interface Acknowledged {
  readonly id: string;
  /** Of the answer, by this process's `performance.now()`. */
  readonly at: number;
  readonly createdAt: string;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: string | null;
}

export interface PostingAnswer extends Refusal {
  readonly id: string;
  readonly createdAt: string;
  readonly replayed: boolean;
}

/** Where a client sends a posting, and as who. */
export interface Postbox {
  readonly url: string;
  readonly token: string;
  /** Of the ledger. */
  readonly path: string;
}

/** One posting of 1.00 under its key, which is its reference too. */
export async function postOnce({ url, token, path }: Postbox, key: string): Promise<PostingAnswer> {
  const answer = await fetch(`${url}${path}/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'idempotency-key': key },
    body: JSON.stringify(posting('1.00', { reference: key })),
  });
  const body = (await answer.json()) as { id: string; createdAt: string; code: string };
  return {
    ...{ status: answer.status, id: body.id, createdAt: body.createdAt, code: body.code },
    retryAfter: answer.headers.get('retry-after'),
    replayed: answer.headers.get('idempotent-replayed') === 'true',
  };
}

/**
 * Clients that post one after the other and do as the documentation says: what is refused with 503, or breaks, is
 * repeated with its key until it has an answer.
 */
export class PostingLoad {
  /** First answer of each key. */
  readonly acknowledged = new Map<string, Acknowledged>();
  readonly refusals: Refusal[] = [];
  /** The longest wait for an answer of any kind, in milliseconds. */
  slowest = 0;
  private over = false;
  private readonly clients: Promise<unknown>;

  /** @param postbox asked before each attempt */
  constructor(
    private readonly name: string,
    private readonly postbox: () => Postbox,
    clients: number,
  ) {
    this.clients = Promise.all(Array.from({ length: clients }, (_, index) => this.client(`${name}-${index}`)));
    // whoever waits for the load to do something would wait in vain; `stop` tells the error
    this.clients.catch(() => (this.over = true));
  }

  /** Lets every client get the answer to what it has asked. @throws when an answer was neither 201 nor 503 */
  async stop(): Promise<void> {
    this.over = true;
    await this.clients;
  }

  private async client(name: string): Promise<void> {
    for (let index = 0; !this.over; index += 1) {
      const key = `${name}-${index}`;
      while (!(await this.attempt(key))) await delay(20);
    }
  }

  private async attempt(key: string): Promise<boolean> {
    const begun = performance.now();
    const answer = await postOnce(this.postbox(), key).catch(() => undefined);
    this.slowest = Math.max(this.slowest, performance.now() - begun);
    if (!answer) return false;
    const { status, id, createdAt, code, retryAfter } = answer;
    if (status === 201) {
      this.acknowledged.set(key, { id, createdAt, at: performance.now() });
      return true;
    }
    this.refusals.push({ status, code, retryAfter });
    if (status !== 503) throw new Error(`${this.name}: ${key} was answered ${status} ${code}`);
    return false;
  }
}
