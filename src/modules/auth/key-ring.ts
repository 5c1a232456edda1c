import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { deriveKey, open, seal } from '../../common/crypto/sealed-box';
import { Config } from '../../config/config';
import { currentTransaction, PLATFORM_TENANT, TenantDatabase } from '../../platform/database/tenant-database';
import { type PublicJwk, SigningKey, type SigningKeyState } from './entities/signing-key.entity';

/** What others may do with the key set before they ask again. */
export const JWKS_MAX_AGE_SECONDS = 300;
/** A rotation elsewhere is noticed by then; an unknown key id is looked up no more often than the second. */
const RELOAD_MS = 60_000;
const UNKNOWN_KEY_RELOAD_MS = 5_000;
export const CLOCK_TOLERANCE_SECONDS = 30;
const ROTATION_LOCK = [4711, 2] as const;

interface LoadedKey {
  readonly kid: string;
  readonly state: SigningKeyState;
  readonly publicJwk: PublicJwk;
  readonly publicKey: KeyObject;
  readonly sealedPrivate: string;
}

/** A key for whoever checks signatures. */
export type PublishedKey = PublicJwk & { readonly kid: string; readonly use: string; readonly alg: string };

/**
 * The keys that sign access tokens and checkpoints of ledgers, shared by all processes through the database (AUTH-19).
 * What they sign says by its `typ` which of the two it is. A token is verified while its key is in use or was not long
 * ago; a checkpoint for ever, so the public halves of all keys are kept.
 */
@Injectable()
export class KeyRing implements OnModuleInit {
  private keys = new Map<string, LoadedKey>();
  private loadedAt = 0;
  private loading: Promise<void> | undefined;
  private signing: { readonly kid: string; readonly privateKey: KeyObject } | undefined;

  constructor(
    private readonly database: TenantDatabase,
    private readonly config: Config,
    @InjectRepository(SigningKey) private readonly rows: Repository<SigningKey>,
  ) {}

  /**
   * The first boot makes the keys; the lock makes all processes agree on them. Later ones only read: a process may be
   * started on a standby, which takes no writes until it is promoted.
   */
  async onModuleInit(): Promise<void> {
    await this.load();
    if (this.signing && [...this.keys.values()].some(({ state }) => state === 'next')) return;
    await this.locked(async () => {
      const states = new Set((await this.rows.find()).map(({ state }) => state));
      for (const state of ['current', 'next'] as const)
        if (!states.has(state)) await this.rows.insert(this.make(state));
    });
    await this.load();
  }

  /** The key that signs now. */
  async current(): Promise<{ readonly kid: string; readonly privateKey: KeyObject }> {
    if (performance.now() - this.loadedAt > RELOAD_MS) await this.load();
    if (!this.signing) throw new Error('there is no current signing key');
    return this.signing;
  }

  /** The public key with this id; undefined for one that is not, or no longer, ours. */
  async publicKey(kid: string): Promise<KeyObject | undefined> {
    const age = performance.now() - this.loadedAt;
    if (age > RELOAD_MS || (!this.keys.has(kid) && age > UNKNOWN_KEY_RELOAD_MS)) await this.load();
    return this.keys.get(kid)?.publicKey;
  }

  /** RFC 7517: every key whose tokens may be out, and the one that signs next. */
  async publicSet(): Promise<PublishedKey[]> {
    if (performance.now() - this.loadedAt > RELOAD_MS) await this.load();
    return [...this.keys.values()].map(published);
  }

  /** Every key that ever signed, and the next one. For checkpoints only: a token of an old one is worth nothing. */
  async checkpointSet(): Promise<PublishedKey[]> {
    const rows = await this.database.run(PLATFORM_TENANT, 'read', () =>
      this.rows.find({ order: { createdAt: 'ASC' } }),
    );
    return rows.map(published);
  }

  /**
   * The next key signs from now on, the current one only verifies until its last token has expired, and a new next one
   * is published.
   *
   * @param early also when verifiers may not have seen the next key yet: for a key that has become known
   * @returns id of the key that signs now
   */
  async rotate(early: boolean): Promise<string> {
    const kid = await this.locked(async () => {
      const next = await this.rows.findOneByOrFail({ state: 'next' });
      const publishedFor = (currentTransaction().now.getTime() - next.createdAt.getTime()) / 1000;
      if (!early && publishedFor < JWKS_MAX_AGE_SECONDS)
        throw new Error(
          `the next key was published ${Math.round(publishedFor)} s ago; whoever caches the key set may not have it before ${JWKS_MAX_AGE_SECONDS} s (--early rotates all the same)`,
        );
      // a key that can sign no more cannot be stolen; its public half verifies checkpoints
      await this.rows.update({ state: 'retired', retiredAt: LessThan(this.expired()) }, { sealedPrivate: '' });
      await this.rows.update({ state: 'current' }, { state: 'retired', retiredAt: () => 'now()' });
      await this.rows.update({ kid: next.kid }, { state: 'current' });
      await this.rows.insert(this.make('next'));
      return next.kid;
    });
    await this.load();
    return kid;
  }

  private locked<T>(work: () => Promise<T>): Promise<T> {
    return this.database.run(PLATFORM_TENANT, 'write', work, { lock: ROTATION_LOCK });
  }

  /** Many may ask at once; one look-up serves them. */
  private load(): Promise<void> {
    this.loading ??= this.readKeys().finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async readKeys(): Promise<void> {
    const { rows, expired } = await this.database.run(PLATFORM_TENANT, 'read', async () => ({
      rows: await this.rows.find(),
      expired: this.expired(),
    }));
    this.keys = new Map(
      rows
        .filter(({ retiredAt }) => retiredAt === null || retiredAt >= expired)
        .map(({ kid, state, publicJwk, sealedPrivate }) => {
          const publicKey = this.keys.get(kid)?.publicKey ?? createPublicKey({ key: { ...publicJwk }, format: 'jwk' });
          return [kid, { kid, state, publicJwk, publicKey, sealedPrivate }];
        }),
    );
    const current = [...this.keys.values()].find(({ state }) => state === 'current');
    if (current && current.kid !== this.signing?.kid)
      this.signing = { kid: current.kid, privateKey: this.unseal(current) };
    this.loadedAt = performance.now();
  }

  /** A key that was retired before then has no token left: tokens that processes signed before they noticed included. */
  private expired(): Date {
    const seconds = this.config.security.accessTokenSeconds + CLOCK_TOLERANCE_SECONDS + RELOAD_MS / 1000;
    return new Date(currentTransaction().now.getTime() - seconds * 1000);
  }

  private make(state: SigningKeyState) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { kty, crv, x, y } = publicKey.export({ format: 'jwk' }) as unknown as PublicJwk;
    // RFC 7638 thumbprint
    const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    const [secret] = this.sealingKeys();
    const sealedPrivate = seal(privateKey.export({ format: 'der', type: 'pkcs8' }), secret as Buffer, kid);
    return { kid, publicJwk: { kty, crv, x, y }, sealedPrivate, state };
  }

  private unseal({ kid, sealedPrivate }: LoadedKey): KeyObject {
    try {
      const der = open(sealedPrivate, this.sealingKeys(), kid);
      return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    } catch (error) {
      throw new Error('the signing key cannot be opened: APP_SECRETS lacks the secret that it was sealed with', {
        cause: error,
      });
    }
  }

  private sealingKeys(): Buffer[] {
    return this.config.security.secrets.map((secret) => deriveKey(secret, 'signing-keys'));
  }
}

function published({ kid, publicJwk: { kty, crv, x, y } }: Pick<LoadedKey, 'kid' | 'publicJwk'>): PublishedKey {
  return { kty, crv, x, y, kid, use: 'sig', alg: 'ES256' };
}
