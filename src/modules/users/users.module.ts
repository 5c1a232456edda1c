import { Feature } from '../../platform/features/feature';
import { ADMINISTRATORS, EVERYBODY } from '../../platform/security/roles';
import { Identity1795300000002 } from './migrations/1795300000002-identity';
import { Member } from './entities/member.entity';
import { User } from './entities/user.entity';
import { InitialPassword } from './initial-password';
import { MembersService } from './members.service';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

@Feature({
  entities: [User, Member],
  migrations: [Identity1795300000002],
  permissions: {
    'members:read': { description: 'See who belongs to the tenant.', roles: EVERYBODY },
    'members:write': { description: 'Add, change and remove members.', roles: ADMINISTRATORS },
  },
  tags: { Members: 'The persons who belong to a tenant, and their roles: owner, admin, accountant, viewer.' },
  catalog: {
    platformTables: { users: 'a person may belong to several tenants' },
    systemFunctions: ['daybook_system memberships_of(uuid)', 'daybook_system found_tenant(uuid, uuid)'],
    guardTriggers: ['members.members_owner_removed', 'members.members_owner_demoted'],
    systemGrants: ['members INSERT'],
  },

  imports: [],
  controllers: [UsersController],
  providers: [UsersService, MembersService, InitialPassword],
  exports: [UsersService, MembersService, InitialPassword],
})
export class UsersModule {}
