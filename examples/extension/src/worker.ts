import { daybook } from './daybook';

void daybook.work();
