import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, IsNull, Repository } from 'typeorm';
import { uuidv7 } from '../../common/ids/uuid';
import { currentTransaction } from '../../platform/database/tenant-database';
import { type Role } from '../../platform/security/roles';
import { normaliseEmail, User } from './entities/user.entity';

export interface Membership {
  readonly tenantId: string;
  readonly role: Role;
}

export interface NewUser {
  readonly email: string;
  readonly name: string | null;
  readonly passwordHash: string;
  readonly platformAdmin?: boolean;
}

/** People. Each method runs in the caller's transaction, of any tenant. */
@Injectable()
export class UsersService {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  byEmail(email: string): Promise<User | null> {
    return this.users.findOneBy({ email: normaliseEmail(email) });
  }

  byId(id: string): Promise<User | null> {
    return this.users.findOneBy({ id });
  }

  byIds(ids: readonly string[]): Promise<User[]> {
    return ids.length === 0 ? Promise.resolve([]) : this.users.findBy({ id: In([...ids]) });
  }

  /** Every tenant that the person belongs to, oldest first. */
  async memberships(userId: string): Promise<Membership[]> {
    const { rows } = await currentTransaction().client.query<{ tenant_id: string; role: Role }>(
      'SELECT tenant_id, role FROM daybook_system.memberships_of($1) ORDER BY tenant_id',
      [userId],
    );
    return rows.map(({ tenant_id: tenantId, role }) => ({ tenantId, role }));
  }

  /**
   * The person with this e-mail, made if there is none. `created` also says so of somebody who has never signed in and
   * belongs nowhere: nobody has their password, so the new one replaces it.
   */
  async findOrCreate({ email, name, passwordHash, platformAdmin }: NewUser): Promise<{ user: User; created: boolean }> {
    const id = uuidv7();
    await this.users
      .createQueryBuilder()
      .insert()
      .values({ id, email: normaliseEmail(email), name, passwordHash, platformAdmin: platformAdmin ?? false })
      .orIgnore()
      .execute();
    const user = await this.users.findOneOrFail({
      where: { email: normaliseEmail(email) },
      lock: { mode: 'pessimistic_write' },
    });
    if (user.id === id) return { user, created: true };
    if (user.signedInAt !== null || user.platformAdmin || (await this.memberships(user.id)).length > 0)
      return { user, created: false };
    await this.users.update({ id: user.id, signedInAt: IsNull() }, { passwordHash, name: name ?? user.name });
    return { user: Object.assign(user, { name: name ?? user.name, passwordHash }), created: true };
  }

  /** @returns false when the hash is not the one that was read: the password changed meanwhile */
  async replaceHash(user: Pick<User, 'id' | 'passwordHash'>, passwordHash: string): Promise<boolean> {
    const { affected } = await this.users
      .createQueryBuilder()
      .update()
      .set({ passwordHash, version: () => 'version + 1', updatedAt: () => 'now()' })
      .where({ id: user.id, passwordHash: user.passwordHash })
      .execute();
    return affected === 1;
  }

  /** @returns false when the person was disabled or changed their password since `user` was read */
  async signedIn(user: Pick<User, 'id' | 'passwordHash'>): Promise<boolean> {
    const { affected } = await this.users.update(
      { id: user.id, passwordHash: user.passwordHash, status: 'active' },
      { signedInAt: () => 'now()' },
    );
    return affected === 1;
  }

  async makePlatformAdmin(userId: string): Promise<void> {
    await this.users.update({ id: userId }, { platformAdmin: true });
  }
}
