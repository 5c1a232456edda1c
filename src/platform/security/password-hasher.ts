import { Injectable } from '@nestjs/common';
import { hash, type Options, verify } from '@node-rs/argon2';
import { Config } from '../../config/config';
import { BoundedPool } from './bounded-pool';

/** RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes; argon2id is the package's default. */
const PARAMETERS = {
  memoryCost: 65_536,
  timeCost: 3,
  parallelism: 4,
  outputLen: 32,
} satisfies Options;
const CURRENT = /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/;

/** Hash of a password that nobody has: what the password of an unknown person is compared with, so that it takes as long. */
export const DUMMY_HASH =
  '$argon2id$v=19$m=65536,t=3,p=4$VWCJnT/Z+SwKUdsi+EZZHg$hwTnxqMvg7KzumiTUbqhphttUlzMcEvyFoSenAUZp9w';

/** Passwords, hashed on a few threads at a time: 64 MiB and a tenth of a second each. Never inside a transaction. */
@Injectable()
export class PasswordHasher {
  private readonly pool: BoundedPool;

  constructor({ security }: Config) {
    this.pool = new BoundedPool(security.hashConcurrency, security.hashQueue);
  }

  /** @throws Problem `unavailable` when too many are waiting */
  hash(password: string): Promise<string> {
    return this.pool.run(() => hash(password, PARAMETERS));
  }

  /**
   * Takes the same time whether there is a hash or not (AUTH-05).
   * @throws Problem `unavailable` when too many are waiting
   */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const matches = await this.pool.run(() => verify(stored ?? DUMMY_HASH, password));
    return matches && stored !== undefined;
  }

  /** Made with other parameters than today's; to be hashed again while the password is at hand. */
  isOutdated(stored: string): boolean {
    return !CURRENT.test(stored);
  }
}
