/** `npm start`: the whole product on a machine that has only Node. */
import { requireNodeVersion } from './setup/node-version.mjs';

requireNodeVersion();
const { launch } = await import('./launcher/launch.mjs');
await launch(process.argv.slice(2));
