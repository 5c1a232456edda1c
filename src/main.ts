import { daybook } from './app';

void daybook.serve();
