import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('../..', import.meta.url));

/** The project whose application is run: this one, or the one that has it as a package. */
export const root = here.includes(`${sep}node_modules${sep}`) ? process.cwd() : here;

/** The entry files as built: what runs is the build, as in production. */
export const built = (name) => join(root, 'dist', `${name}.js`);

/** How the API is started, here as in the Dockerfile: room for young objects makes collections few (docs/performance.md). */
export const NODE_FLAGS = ['--max-semi-space-size=64'];
