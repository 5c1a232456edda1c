import { defineProblem } from '../../common/problems/problem';

export const API_KEY_NOT_FOUND = defineProblem({
  code: 'api-key-not-found',
  status: 404,
  title: 'API key not found',
  description: 'The tenant has no API key with the id.',
  remedy: 'List the keys with GET /v1/api-keys.',
});
export const API_KEY_REVOKED = defineProblem({
  code: 'api-key-revoked',
  status: 409,
  title: 'The API key is revoked',
  description: 'A revoked key stays in the list and never works again, so nothing of it can be changed.',
  remedy: 'Make a new key.',
});
export const PERMISSION_NOT_YOURS = defineProblem({
  code: 'permission-not-yours',
  status: 403,
  title: 'You do not have this permission',
  description: 'Nobody can give a program what they may not do themselves, nor what is for persons only.',
  remedy: 'Leave it out, or ask somebody who has it. `errors` points at each.',
});
export const ADDRESS_NOT_ALLOWED = defineProblem({
  code: 'address-not-allowed',
  status: 403,
  title: 'Not from this address',
  description: 'The API key may be used from some addresses only, and yours is none of them.',
  remedy: 'Send from an allowed address, or add yours with PATCH /v1/api-keys/{id}.',
});
