import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SERVICE = pathToFileURL(join(__dirname, '../../scripts/services/redis.mjs')).href;

export interface OwnRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis of the test's own, for what must not happen to the one that all tests share. */
export async function startOwnRedis(): Promise<OwnRedis> {
  // not below `daybook-test-`: those folders belong to the servers of a whole run
  const folder = await mkdtemp(join(tmpdir(), 'daybook-redis-'));
  // in a process of its own: Jest would not load an ES module
  const call = async (name: string, options: object) => {
    const code = `import { ${name} } from '${SERVICE}'; console.log(JSON.stringify(await ${name}(${JSON.stringify(options)})))`;
    return (await run(process.execPath, ['--input-type=module', '-e', code])).stdout;
  };
  const { url } = JSON.parse(await call('startRedis', { folder, durable: false })) as { url: string };
  return {
    url,
    stop: async () => {
      await call('stopRedis', { folder });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
