import { CORE_FEATURES, createDaybook } from 'daybook';
import { InvoicesModule } from './invoices';

/** Daybook with our own features. */
export const daybook = createDaybook({ features: [...CORE_FEATURES, InvoicesModule] });
