/** `npm test`: everything that CI runs, on a machine that has only Node. Its last line is "N passed, N failed". */
import { requireNodeVersion } from './setup/node-version.mjs';

requireNodeVersion();
const { check } = await import('./checks/check.mjs');
await check(process.argv.slice(2));
