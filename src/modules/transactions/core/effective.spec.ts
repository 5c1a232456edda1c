import { Problem } from '../../../common/problems/problem';
import { type Book, type ParentState } from './book';
import { effectiveAtOf } from './effective';
import { EFFECTIVE_BEFORE_ORIGINAL } from './refusals.errors';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 28, 12, minute));
const book = (now: Date) => ({ now }) as Book;
const parent = (effectiveAt: Date) => ({ effectiveAt }) as ParentState;

/** The moment, or the code and the fields of the refusal. */
function outcome(now: Date, original: Date, asked: Date | undefined): unknown {
  try {
    return effectiveAtOf(book(now), parent(original), asked);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return [error.type, error.options.errors?.map(({ pointer }) => pointer), error.detail];
  }
}

describe('when a change of an original is effective', () => {
  it('now, where nothing is said; with an original of the future, with that', () => {
    expect(outcome(at(30), at(10), undefined)).toEqual(at(30));
    expect(outcome(at(30), at(30), undefined)).toEqual(at(30));
    expect(outcome(at(30), at(50), undefined)).toEqual(at(50));
  });

  it('when it is said, from the moment of the original on', () => {
    expect(outcome(at(30), at(10), at(10))).toEqual(at(10));
    expect(outcome(at(30), at(10), at(20))).toEqual(at(20));
    expect(outcome(at(30), at(50), at(55))).toEqual(at(55));
  });

  it('never before its original: the refusal says when that is', () => {
    const [type, pointers, detail] = outcome(at(30), at(10), new Date(at(10).getTime() - 1)) as [
      unknown,
      unknown,
      string,
    ];
    expect([type, pointers]).toEqual([EFFECTIVE_BEFORE_ORIGINAL, ['/effectiveAt']]);
    expect(detail).toContain('2026-11-28T12:10:00.000Z');
  });
});
