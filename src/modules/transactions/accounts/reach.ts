import { OUTSIDE_GRANT } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { requestContext } from '../../../platform/context/request-context';
import { matchesPattern } from '../core/account-pattern';

/** Patterns of the only accounts that whoever makes the request reaches; undefined: all. */
const patterns = (): readonly string[] | undefined => requestContext.current()?.principal?.within?.accounts;

/** Whether whoever makes the request reaches the account. To others it is not there. */
export function reaches(code: string): boolean {
  return patterns()?.some((pattern) => matchesPattern(pattern, code)) ?? true;
}

/** For what is made of more accounts than it names. @throws Problem `outside-grant` */
export function assertReachesAll(what: string): void {
  if (patterns())
    throw new Problem(OUTSIDE_GRANT, `Your credential is limited to some accounts, and ${what} reaches beyond them.`);
}
