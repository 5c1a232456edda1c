import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The built entry files; `dist` mirrors the root because ormconfig.ts is compiled beside src. */
export const built = (name) => join(root, 'dist', 'src', `${name}.js`);
