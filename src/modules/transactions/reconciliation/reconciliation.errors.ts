import { defineProblem } from '../../../common/problems/problem';

export const RECONCILIATION_TOO_LARGE = defineProblem({
  code: 'reconciliation-too-large',
  status: 422,
  title: 'Too much to compare at once',
  description: 'The account has more transactions in the time of the statement than one comparison takes.',
  remedy: 'Compare a shorter time, such as a day or an hour, with the lines of that time.',
});
