import { OUTSIDE_GRANT } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { matchesPattern } from './account-pattern';
import { type Book } from './book';
import { type Order } from './orders';

/**
 * That an order moves no account but those of the patterns: what its entries name, or what its original moved. Before it is
 * decided, so that a refusal for another reason tells nothing of the others.
 *
 * @throws Problem `outside-grant`; where the order names what is not there, deciding says so
 */
export function assertWithin(book: Book, order: Order, patterns: readonly string[]): void {
  const codes =
    order.kind === 'posting'
      ? order.entries.map(({ account }) => book.knownAccount(account)?.code ?? account)
      : (book.parents.get(order.parentId)?.entries.map(({ account }) => account) ?? []);
  codes.forEach((code, index) => {
    if (patterns.some((pattern) => matchesPattern(pattern, code))) return;
    const errors = [{ pointer: `/entries/${index}/account`, detail: 'is not of what your credential is limited to' }];
    throw new Problem(
      OUTSIDE_GRANT,
      'Your credential is limited to other accounts.',
      order.kind === 'posting' ? { errors } : {},
    );
  });
}
