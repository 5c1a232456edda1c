import { type Role } from './roles';

/** Who makes a request, in which tenant, and what they may do there. Made by the authentication guard only. */
export interface Principal {
  readonly userId: string;
  /** The session (`sid`) that the credential belongs to. */
  readonly sessionId: string;
  /** Undefined for a person without a tenant, such as a platform administrator. */
  readonly tenantId: string | undefined;
  readonly role: Role | undefined;
  readonly platformAdmin: boolean;
  readonly permissions: ReadonlySet<string>;
}
