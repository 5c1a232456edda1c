import { Injectable } from '@nestjs/common';
import { UNAVAILABLE } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { ITEMS_MAX } from './bulk.dto';
import { type BulkAsked, BulkService } from './bulk.service';
import { invalid } from './bulk-item';
import { type ItemResult, refusedAs } from './bulk-result';
import { type Given } from './inbox';

/** Bulk requests that are one JSON value. */
@Injectable()
export class BulkRequests {
  constructor(
    private readonly bulk: BulkService,
    private readonly config: Config,
  ) {}

  /**
   * @returns the answer as JSON, written item by item: it may have megabytes
   * @throws Problem `validation-failed`, and those of `BulkService`
   */
  async answer(asked: BulkAsked, body: unknown, dryRun: boolean): Promise<{ json: string; replayed: boolean }> {
    const { atomic, items } = requestOf(body);
    const given = items.map((value): Given => ({ value }));
    const results =
      atomic || dryRun
        ? this.bulk.together(asked, given, { atomic, dryRun })
        : this.bulk.oneByOne(asked, inOnePiece(given));
    const answer = new Answer();
    for (;;) {
      const { done, value } = await results.next();
      if (!done) answer.add(value);
      else {
        if (value) answer.add(this.notCarriedOut(answer.length, items.length, value));
        return { json: answer.json(), replayed: answer.replayed === items.length };
      }
    }
  }

  private notCarriedOut(from: number, to: number, why: Problem): ItemResult[] {
    const detail = `Not carried out, because one before it could not be (${why.type.code}). Send the request again with the same Idempotency-Key.`;
    const problem = new Problem(UNAVAILABLE, detail);
    return Array.from({ length: to - from }, (_, place) =>
      refusedAs(from + place, problem, this.config.http.publicUrl),
    );
  }
}

/** The results so far. */
class Answer {
  replayed = 0;
  private recorded = 0;
  private readonly results: string[] = [];

  get length(): number {
    return this.results.length;
  }

  add(results: readonly ItemResult[]): void {
    for (const result of results) {
      if (result.transaction) this.recorded += 1;
      if (result.replayed) this.replayed += 1;
      this.results.push(JSON.stringify(result));
    }
  }

  json(): string {
    const { recorded, replayed, length } = this;
    return `{"recorded":${recorded},"replayed":${replayed},"refused":${length - recorded},"results":[${this.results.join(',')}]}`;
  }
}

/** By hand: class-transformer would copy each of ten thousand items. They are looked at one by one. */
function requestOf(body: unknown): { atomic: boolean; items: readonly unknown[] } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('', 'must be a JSON object');
  const { atomic = false, items, ...others } = body as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw invalid(`/${unknown.replace(/~/g, '~0').replace(/\//g, '~1')}`, 'This field is not known here.');
  if (typeof atomic !== 'boolean') throw invalid('/atomic', 'atomic must be a boolean value');
  if (!Array.isArray(items) || items.length < 1 || items.length > ITEMS_MAX)
    throw invalid('/items', `items must be an array of 1 to ${ITEMS_MAX} items`);
  return { atomic, items };
}

// eslint-disable-next-line @typescript-eslint/require-await -- what arrives by and by may also be there at once
async function* inOnePiece(given: readonly Given[]): AsyncGenerator<readonly Given[]> {
  yield given;
}
