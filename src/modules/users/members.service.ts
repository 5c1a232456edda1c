import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { NOT_FOUND } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { TENANT_NOW } from '../../platform/database/columns';
import { violatedConstraint } from '../../platform/database/database-errors';
import { currentTransaction } from '../../platform/database/tenant-database';
import { versionMismatch } from '../../platform/http/concurrency/etag';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type Page, type PageQuery } from '../../platform/http/pagination/page.dto';
import { type Role, roleRank } from '../../platform/security/roles';
import { describeChange } from '../../platform/security/audit-trail';
import { type Principal } from '../../platform/security/principal';
import { Revocations } from '../../platform/security/revocations';
import { SecurityLog } from '../../platform/security/security-log';
import { Member } from './entities/member.entity';
import { User } from './entities/user.entity';
import { ALREADY_MEMBER, LAST_OWNER, ROLE_ABOVE_YOURS } from './users.errors';
import { UsersService } from './users.service';

/** A membership and the person. */
export interface MemberRow {
  readonly member: Member;
  readonly user: User;
}

/** Who belongs to the current tenant. Each method runs in a transaction of that tenant. */
@Injectable()
export class MembersService {
  constructor(
    @InjectRepository(Member) private readonly members: Repository<Member>,
    private readonly users: UsersService,
    private readonly cursors: CursorService,
    private readonly revocations: Revocations,
    private readonly log: SecurityLog,
  ) {}

  list(query: PageQuery): Promise<Page<MemberRow>> {
    return this.cursors.page(
      'members',
      query,
      {},
      async ({ direction, key, limit }) => {
        const select = this.members
          .createQueryBuilder('m')
          .orderBy('m.userId', direction === 'next' ? 'ASC' : 'DESC')
          .limit(limit + 1);
        if (key) select.where(`m.userId ${direction === 'next' ? '>' : '<'} :after`, { after: key[0] });
        return this.withUsers(await select.getMany());
      },
      ({ member }) => [member.userId],
      (row) => row,
    );
  }

  /** @throws Problem `not-found` */
  async get(userId: string): Promise<MemberRow> {
    const member = await this.members.findOneBy({ userId });
    if (!member) throw unknownMember();
    return (await this.withUsers([member]))[0] as MemberRow;
  }

  /** @throws Problem `role-above-yours`, `already-member` */
  async add(
    actor: Principal,
    person: { readonly email: string; readonly name: string | null; readonly role: Role },
    passwordHash: string,
  ): Promise<{ row: MemberRow; created: boolean }> {
    mayGive(actor, person.role);
    describeChange({ after: { role: person.role } });
    const { user, created } = await this.users.findOrCreate({ ...person, passwordHash });
    const inserted = await this.members
      .createQueryBuilder()
      .insert()
      .values({ userId: user.id, role: person.role })
      .orIgnore()
      .returning('user_id')
      .execute();
    if ((inserted.raw as unknown[]).length === 0)
      throw new Problem(ALREADY_MEMBER, 'The person with this e-mail address belongs to the tenant already.');
    await this.changed(actor, user.id, 'member-added');
    return { row: await this.get(user.id), created };
  }

  /** @throws Problem `not-found`, `precondition-failed`, `role-above-yours`, `last-owner` */
  async changeRole(actor: Principal, userId: string, role: Role, expected: number | '*'): Promise<MemberRow> {
    const member = await this.locked(actor, userId, expected);
    mayGive(actor, role);
    describeChange({ before: { role: member.role }, after: { role } });
    if (member.role !== role) {
      await keepingAnOwner(() =>
        this.members
          .createQueryBuilder()
          .update()
          .set({ role, version: () => 'version + 1', updatedAt: TENANT_NOW })
          .where({ userId })
          .execute(),
      );
      await this.changed(actor, userId, 'member-role-changed');
    }
    return this.get(userId);
  }

  /** @throws Problem `not-found`, `precondition-failed`, `role-above-yours`, `last-owner` */
  async remove(actor: Principal, userId: string, expected: number | '*'): Promise<void> {
    const { role } = await this.locked(actor, userId, expected);
    describeChange({ before: { role } });
    await keepingAnOwner(() => this.members.delete({ userId }));
    await this.changed(actor, userId, 'member-removed');
  }

  /** That somebody may manage the member: their role is not above the other's. @throws Problem `not-found`, `role-above-yours` */
  async assertMayManage(actor: Principal, userId: string): Promise<void> {
    mayGive(actor, (await this.get(userId)).member.role);
  }

  /** The first member of a tenant that has none; whoever creates a tenant is outside it. */
  async found(tenantId: string, ownerId: string): Promise<void> {
    await currentTransaction().client.query('SELECT daybook_system.found_tenant($1, $2)', [tenantId, ownerId]);
    await this.revocations.announce(ownerId);
  }

  private async locked(actor: Principal, userId: string, expected: number | '*'): Promise<Member> {
    const member = await this.members.findOne({ where: { userId }, lock: { mode: 'pessimistic_write' } });
    if (!member) throw unknownMember();
    if (expected !== '*' && expected !== member.version) throw versionMismatch();
    mayGive(actor, member.role);
    return member;
  }

  private async changed(actor: Principal, subjectId: string, event: string): Promise<void> {
    await this.revocations.announce(subjectId);
    this.log.write({ event, outcome: 'success', userId: actor.id, subjectId, tenantId: actor.tenantId ?? null });
  }

  private async withUsers(members: Member[]): Promise<MemberRow[]> {
    const users = new Map((await this.users.byIds(members.map(({ userId }) => userId))).map((user) => [user.id, user]));
    return members.map((member) => ({ member, user: users.get(member.userId) as User }));
  }
}

function mayGive(actor: Principal, role: Role): void {
  if (actor.role === undefined || roleRank(role) < roleRank(actor.role))
    throw new Problem(ROLE_ABOVE_YOURS, `Your role does not allow you to give, change or remove the role ${role}.`);
}

/** The rule itself is in the database, where two owners who remove each other are ordered. */
async function keepingAnOwner(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (violatedConstraint(error) !== 'members_last_owner') throw error;
    throw new Problem(LAST_OWNER, 'This is the only owner. Make somebody else an owner first.', { cause: error });
  }
}

const unknownMember = () => new Problem(NOT_FOUND, 'No member of this tenant has this id.');
