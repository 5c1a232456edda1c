import { defineProblem } from '../../common/problems/problem';

export const IMPORT_INVALID = defineProblem({
  code: 'import-invalid',
  status: 422,
  title: 'The file cannot be imported',
  description:
    'The file has errors. It was checked as a whole before anything was posted, so nothing was posted and no account or currency was made.',
  remedy:
    'Each item of `errors` names a line, and a column where it can; `errorCount` says how many there are in all. Mend the file and send it again.',
});
export const IMPORT_STOPPED = defineProblem({
  code: 'import-stopped',
  status: 409,
  title: 'The import stopped half way',
  description:
    'The file was right, but the ledger changed while it was posted: the ledger or an account was closed, or the tenant was suspended. What was posted stays.',
  remedy: 'Mend what the detail says and retry the job: it goes on where it stopped, and posts nothing twice.',
});
export const IMPORT_NOT_FOUND = defineProblem({
  code: 'import-not-found',
  status: 404,
  title: 'Import not found',
  description: 'The ledger has no import with the id.',
  remedy: 'List the imports with GET /v1/ledgers/{id}/imports.',
});
