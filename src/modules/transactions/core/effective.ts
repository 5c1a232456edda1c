import { EFFECTIVE_BEFORE_ORIGINAL } from './refusals.errors';
import { type Book, type ParentState } from './book';
import { fieldRefused } from './refusal';

/**
 * When a change of another transaction counts: now, unless it says when, and never before what it changes.
 * @throws Problem `effective-before-original`
 */
export function effectiveAtOf(book: Book, parent: ParentState, asked: Date | undefined): Date {
  if (asked === undefined) return parent.effectiveAt > book.now ? parent.effectiveAt : book.now;
  if (asked < parent.effectiveAt)
    throw fieldRefused(
      EFFECTIVE_BEFORE_ORIGINAL,
      '/effectiveAt',
      `The ${parent.kind} is effective at ${parent.effectiveAt.toISOString()}.`,
    );
  return asked;
}
