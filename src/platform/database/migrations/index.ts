import { Foundation1795300000001 } from './1795300000001-foundation';
import { Jobs1795300000004 } from './1795300000004-jobs';

/** In order. A migration that was released is never changed. */
export const MIGRATIONS = [Foundation1795300000001, Jobs1795300000004];
