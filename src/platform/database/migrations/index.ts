import { Foundation1795300000001 } from './1795300000001-foundation';
import { Identity1795300000002 } from './1795300000002-identity';
import { Ledger1795300000003 } from './1795300000003-ledger';
import { Jobs1795300000004 } from './1795300000004-jobs';
import { Imports1795300000005 } from './1795300000005-imports';
import { HoldsAndChain1795300000006 } from './1795300000006-holds-and-chain';
import { Templates1795300000007 } from './1795300000007-templates';
import { Evidence1795300000009 } from './1795300000009-evidence';
import { Scheduled1795300000010 } from './1795300000010-scheduled';
import { BalanceCheckPlan1795300000011 } from './1795300000011-balance-check-plan';
import { SystemPolicies1795300000012 } from './1795300000012-system-policies';

/** In order. A migration that was released is never changed. */
export const MIGRATIONS = [
  Foundation1795300000001,
  Identity1795300000002,
  Ledger1795300000003,
  Jobs1795300000004,
  Imports1795300000005,
  HoldsAndChain1795300000006,
  Templates1795300000007,
  Evidence1795300000009,
  Scheduled1795300000010,
  BalanceCheckPlan1795300000011,
  SystemPolicies1795300000012,
];
