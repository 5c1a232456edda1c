/** Writes .env.example from the table of variables. Runs on the build: `npm run env:example`. */
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { envExample } = require('../dist/config/env-example.js');
await writeFile(new URL('../.env.example', import.meta.url), envExample());
