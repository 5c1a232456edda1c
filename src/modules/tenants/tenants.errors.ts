import { defineProblem } from '../../common/problems/problem';

export const SLUG_TAKEN = defineProblem({
  code: 'slug-taken',
  status: 409,
  title: 'The slug is taken',
  description: 'Another tenant has this slug.',
  remedy: 'Choose another one.',
});
export const TENANT_SUSPENDED = defineProblem({
  code: 'tenant-suspended',
  status: 403,
  title: 'The tenant is suspended',
  description: 'The platform has suspended the tenant: its members can see who they are and sign out, nothing else.',
  remedy: 'Ask the operator of the platform, or choose another of your tenants in the tenant header.',
});
