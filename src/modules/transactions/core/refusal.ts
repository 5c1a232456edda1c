import { Problem, type ProblemType } from '../../../common/problems/problem';
import { REFERENCE_USED } from './refusals.errors';
import { type Book } from './book';

/** A refusal of one field of one entry. */
export function entryRefused(type: ProblemType, index: number, field: string, detail: string): Problem {
  return new Problem(type, detail, { errors: [{ pointer: `/entries/${index}/${field}`, detail }] });
}

/** A refusal of one field of the order. */
export function fieldRefused(type: ProblemType, pointer: string, detail: string): Problem {
  return new Problem(type, detail, { errors: [{ pointer, detail }] });
}

/** @throws Problem `reference-used` */
export function assertReferenceIsFree(book: Book, reference: string | null): void {
  if (reference !== null && book.references.has(reference))
    throw new Problem(REFERENCE_USED, 'Another transaction of this ledger has this reference.', {
      errors: [{ pointer: '/reference', detail: 'must be unique in the ledger' }],
    });
}
