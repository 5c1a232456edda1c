/** Roles of a member, from most to least. Nobody can give a role above their own. */
export const ROLES = ['owner', 'admin', 'accountant', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** Who runs the tenant. */
export const ADMINISTRATORS: readonly Role[] = ['owner', 'admin'];
/** Who moves money. */
export const BOOKKEEPERS: readonly Role[] = [...ADMINISTRATORS, 'accountant'];
/** Whoever belongs to the tenant. */
export const EVERYBODY: readonly Role[] = ROLES;

/** 0 is the highest. */
export function roleRank(role: Role): number {
  return ROLES.indexOf(role);
}
