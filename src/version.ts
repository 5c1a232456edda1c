import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of this package, such as `0.1.0`: what features say their `compatibility` with. */
export const VERSION = (
  JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as { readonly version: string }
).version;
