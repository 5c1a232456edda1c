import { defineProblem } from '../../../common/problems/problem';

export const BULK_REFUSED = defineProblem({
  code: 'bulk-refused',
  status: 422,
  title: 'An item was refused, so none was recorded',
  description:
    'The request was atomic: all of its items are recorded or none. `errors` has what was wrong with each item that was refused, its `code` and where in the body it stands.',
  remedy: 'Mend those items and send all of them again; the same Idempotency-Key can be used, as nothing was recorded.',
});
