import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The entry files as built: what runs is the build, as in production. */
export const built = (name) => join(root, 'dist', `${name}.js`);
