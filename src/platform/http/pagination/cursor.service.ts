import { Injectable } from '@nestjs/common';
import { deriveKey } from '../../../common/crypto/sealed-box';
import { CursorCodec, hashFilter } from '../../../common/pagination/cursor';
import { INVALID_CURSOR } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { currentTransaction } from '../../database/tenant-database';
import { type Page, PAGE_LIMIT, type PageQuery } from './page.dto';

/** Where a page starts. `key` are the sort columns of the row next to it, as text. */
export interface PageStart {
  readonly direction: 'next' | 'previous';
  readonly key: readonly string[] | undefined;
  readonly limit: number;
  readonly filters: Readonly<Record<string, string>>;
}

/** What was found of a page when the search for the rest would have taken too long, and how far it came. */
export interface PartOfPage<Row> {
  readonly rows: Row[];
  /** Sort columns of the last row that was looked at; undefined where the search came to its end. */
  readonly reached: readonly string[] | undefined;
}

/** Keyset pages: stable under inserts, no offsets, cursors that are signed and carry their filters (API-11). */
@Injectable()
export class CursorService {
  private readonly codec: CursorCodec;

  constructor(config: Config) {
    this.codec = new CursorCodec(config.security.secrets.map((secret) => deriveKey(secret, 'cursor')));
  }

  /**
   * Reads `limit` rows in the direction that the cursor asks for and makes the page of them.
   *
   * @param list name of the list, such as `ledgers`: a cursor works only in the list that it came from
   * @param filters those in the query, without `limit` and `cursor`
   * @param read gets the start and must return up to `limit + 1` rows after `key` in that direction
   *   (`previous`: in reverse order), or fewer and where the search is to go on
   * @throws Problem `invalid-cursor`
   */
  async page<Row, Item>(
    list: string,
    query: PageQuery,
    filters: Readonly<Record<string, string | undefined>>,
    read: (start: PageStart) => Promise<Row[] | PartOfPage<Row>>,
    keyOf: (row: Row) => readonly string[],
    itemOf: (row: Row) => Item,
  ): Promise<Page<Item>> {
    const { tenantId } = currentTransaction();
    const given = Object.fromEntries(
      Object.entries(filters).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    const limit = query.limit ?? PAGE_LIMIT;
    const start: PageStart = {
      direction: 'next',
      key: undefined,
      limit,
      filters: given,
      ...this.decode(list, tenantId, query.cursor, given),
    };
    const answer = await read(start);
    const { rows, reached } = Array.isArray(answer) ? { rows: answer, reached: undefined } : answer;
    const kept = rows.slice(0, limit);
    if (start.direction === 'previous') kept.reverse();
    const cursor = (direction: 'next' | 'previous', key: readonly string[] | undefined) =>
      key === undefined
        ? null
        : this.codec.encode({
            tenantId,
            list,
            filter: hashFilter(start.filters),
            filters: { ...start.filters },
            direction,
            key,
          });
    const edge = (row: Row | undefined) => (row === undefined ? reached : keyOf(row));
    const [first, last] = [edge(kept[0]), edge(kept.at(-1))];
    const backwards = start.direction === 'previous';
    // where there is more in the direction of reading
    const onward = rows.length > limit ? (backwards ? first : last) : reached;
    return {
      items: kept.map(itemOf),
      next: cursor('next', backwards ? last : onward),
      previous: cursor('previous', backwards ? onward : start.key && first),
    };
  }

  private decode(list: string, tenantId: string, cursor: string | undefined, given: Record<string, string>) {
    if (cursor === undefined) return {};
    // the filters in the cursor stand; when the query repeats them they must be the same
    const opened = this.codec.decode(cursor, {
      tenantId,
      list,
      ...(Object.keys(given).length > 0 ? { filter: hashFilter(given) } : {}),
    });
    if (!opened)
      throw new Problem(INVALID_CURSOR, 'The cursor is not valid here. Start again without it.', {
        errors: [{ pointer: '?cursor', detail: 'must be next or previous of an earlier answer of this list' }],
      });
    return { direction: opened.direction, key: opened.key, filters: opened.filters };
  }
}
