import { daybook } from './daybook';

void daybook.command(process.argv.slice(2));
