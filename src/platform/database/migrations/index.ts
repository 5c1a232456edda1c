import { Foundation1795300000001 } from './1795300000001-foundation';

/** In order. A migration that was released is never changed. */
export const MIGRATIONS = [Foundation1795300000001];
