import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const fileIn = (folder) => join(folder, 'launcher.json');

/**
 * What the launcher remembers between two starts: the passwords that it gave the database roles, for which build the
 * database was prepared, and the demo login. Losing it loses nothing: the roles get new passwords.
 */
export async function recall(folder) {
  const text = await readFile(fileIn(folder), 'utf8').catch(() => '{}');
  let known = {};
  try {
    known = JSON.parse(text);
  } catch {
    // cut off by a full disk
  }
  return {
    appPassword: known.appPassword ?? randomBytes(24).toString('hex'),
    migratorPassword: known.migratorPassword ?? randomBytes(24).toString('hex'),
    preparedFor: known.preparedFor ?? null,
    demo: known.demo ?? null,
  };
}

export async function remember(folder, memory) {
  await writeFile(`${fileIn(folder)}.new`, JSON.stringify(memory, null, 2), { mode: 0o600 });
  await rename(`${fileIn(folder)}.new`, fileIn(folder));
}

export async function forget(folder) {
  await rm(fileIn(folder), { force: true });
}
