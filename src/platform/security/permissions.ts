/** What a role may do in its tenant. A route names one with `@RequirePermission`. */
export const PERMISSIONS = [
  'tenant:read',
  'tenant:write',
  'members:read',
  'members:write',
  'ledgers:read',
  'ledgers:write',
  'accounts:write',
  'transactions:read',
  'transactions:write',
  'jobs:read',
  'jobs:write',
  'imports:write',
  'exports:read',
] as const;

/** What a platform administrator may do, apart from any tenant. */
export const PLATFORM_PERMISSIONS = ['platform:tenants', 'platform:dashboard'] as const;

export type Permission = (typeof PERMISSIONS)[number] | (typeof PLATFORM_PERMISSIONS)[number];

/** Roles of a member, from most to least. Nobody can give a role above their own. */
export const ROLES = ['owner', 'admin', 'accountant', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

const READ: readonly Permission[] = [
  'tenant:read',
  'members:read',
  'ledgers:read',
  'transactions:read',
  'jobs:read',
  'exports:read',
];
const POST: readonly Permission[] = [
  ...READ,
  'ledgers:write',
  'accounts:write',
  'transactions:write',
  'imports:write',
  'jobs:write',
];

export const ROLE_PERMISSIONS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  owner: new Set(PERMISSIONS),
  admin: new Set(PERMISSIONS),
  accountant: new Set(POST),
  viewer: new Set(READ),
};

/** 0 is the highest. */
export function roleRank(role: Role): number {
  return ROLES.indexOf(role);
}
