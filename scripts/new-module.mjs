/** `npm run new:module`: see docs/guides/add-a-module.md. */
import { requireNodeVersion } from './setup/node-version.mjs';

requireNodeVersion();
const { newModule } = await import('./generate/new-module.mjs');
await newModule(process.argv.slice(2));
