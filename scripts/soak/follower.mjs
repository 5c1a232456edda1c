import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** As an EventSource: comes back where it was, to any process that answers. Counts what must not be. */
export class Follower {
  last = 0;
  events = 0;
  /** The end of a connection by its reason; `cut` is one without. */
  ends = {};
  faults = [];
  over = false;
  #stopped = false;
  #answer;

  /** @param {{ jobId: string, urls: string[], token: (fresh: boolean) => Promise<string> }} options */
  constructor(options) {
    this.options = options;
    this.turn = Math.floor(Math.random() * options.urls.length);
  }

  get connected() {
    return this.#answer !== undefined;
  }

  async run() {
    let fresh = false;
    while (!this.over && !this.#stopped) {
      const end = await this.#connect(await this.options.token(fresh));
      fresh = end === 'credential-ended' || end === 'status-401';
      if (this.#stopped) return;
      this.ends[end] = (this.ends[end] ?? 0) + 1;
      // another process may answer
      this.turn += 1;
      if (!this.over) await sleep(this.retry ?? 200);
    }
  }

  stop() {
    this.#stopped = true;
    this.#answer?.destroy();
  }

  #connect(token) {
    const { urls, jobId } = this.options;
    const headers = { authorization: `Bearer ${token}`, ...(this.last > 0 ? { 'last-event-id': this.last } : {}) };
    return new Promise((resolve) => {
      let reason;
      const request = get(`${urls[this.turn % urls.length]}/v1/jobs/${jobId}/events`, { headers, agent: false });
      request.on('error', () => resolve('refused'));
      request.on('response', (answer) => {
        if (answer.statusCode !== 200) {
          answer.resume();
          if (answer.statusCode === 204) this.over = true;
          resolve(`status-${answer.statusCode}`);
          return;
        }
        this.#answer = answer;
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          const blocks = (text + chunk).split('\n\n');
          text = blocks.pop() ?? '';
          for (const block of blocks) reason = this.#take(block) ?? reason;
        });
        answer.on('error', () => undefined);
        answer.on('close', () => {
          this.#answer = undefined;
          resolve(reason ?? (this.over ? 'over' : 'cut'));
        });
      });
    });
  }

  /** @returns the reason that a last event gives */
  #take(block) {
    const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const retry = field('retry');
    if (retry !== undefined) this.retry = Number(retry);
    const [event, data] = [field('event'), field('data')];
    if (event === undefined || data === undefined) return undefined;
    if (event === 'closing') return JSON.parse(data).reason;
    const id = Number(field('id'));
    if (id !== this.last + 1) this.faults.push(`job ${this.options.jobId}: event ${id} came after ${this.last}`);
    this.last = id;
    this.events += 1;
    if (event === 'state' && JSON.parse(data).state === 'succeeded') this.over = true;
    return undefined;
  }
}
