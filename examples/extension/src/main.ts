import { daybook } from './daybook';

void daybook.serve();
