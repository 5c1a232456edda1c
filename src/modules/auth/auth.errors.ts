import { defineProblem } from '../../common/problems/problem';

export const INVALID_CREDENTIALS = defineProblem({
  code: 'invalid-credentials',
  status: 401,
  title: 'E-mail or password is not right',
  description:
    'Nobody can sign in with this e-mail address and password. The answer does not say which of them is wrong.',
  remedy: 'Check both. Whoever added you can tell you the address.',
});
export const INVALID_REFRESH_TOKEN = defineProblem({
  code: 'invalid-refresh-token',
  status: 401,
  title: 'The refresh token is not valid',
  description:
    'The refresh token is unknown, expired, or was used before. A second use ends the session with all its tokens, because one of the two users may be a thief.',
  remedy: 'Sign in again. Use each refresh token once, and keep the one that comes back.',
});
export const WRONG_PASSWORD = defineProblem({
  code: 'wrong-password',
  status: 422,
  title: 'The current password is not right',
  description: 'A password is changed only by somebody who knows it.',
  remedy: 'Send the current password.',
});
