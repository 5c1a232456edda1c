import { daybook } from './app';

void daybook.command(process.argv.slice(2));
