import { daybook } from './app';

void daybook.work();
