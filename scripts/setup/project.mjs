import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The entry files as built: what runs is the build, as in production. */
export const built = (name) => join(root, 'dist', `${name}.js`);

/** How the API is started, here as in the Dockerfile: room for young objects makes collections few (docs/performance.md). */
export const NODE_FLAGS = ['--max-semi-space-size=64'];
