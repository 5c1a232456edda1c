import { CORE_FEATURES } from './app.features';
import { createDaybook } from './create-daybook';

/** Daybook as it is, without features of others. */
export const daybook = createDaybook({ features: CORE_FEATURES });
