import { type FastifyRequest } from 'fastify';
import { type Role } from './roles';

/** `person`: in a session. `api-key`: a program of the tenant's. What is recorded says who did it by kind and id. */
export const PRINCIPAL_KINDS = ['person', 'api-key'] as const;
export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number];

/** What of a tenant a grant is limited to. A limited grant reaches only routes that keep the limit. */
export interface Within {
  /** Ids of ledgers; undefined: all. */
  readonly ledgers?: ReadonlySet<string>;
  /** Patterns of account codes, such as `users:*`; undefined: all. Decided by `matchesAccount`. */
  readonly accounts?: readonly string[];
}

/** Who makes a request, in which tenant, and what they may do there. Made by the authentication guard only. */
export interface Principal {
  readonly kind: PrincipalKind;
  /** Of the person or the key. */
  readonly id: string;
  /** What is counted, and what is revoked alone: the session (`sid`) of a person, a key itself. */
  readonly credentialId: string;
  /** Undefined for a person without a tenant, such as a platform administrator. */
  readonly tenantId: string | undefined;
  /** Of a person in that tenant. */
  readonly role: Role | undefined;
  readonly platformAdmin: boolean;
  readonly permissions: ReadonlySet<string>;
  readonly within?: Within;
  /** When the person proved who they are, Unix time in milliseconds; undefined for programs, which never do. */
  readonly authenticatedAt?: number;
  /** Requests per window; undefined: what its kind may. */
  readonly quota?: number;
}

/** A principal, and for how long it may be relied on. */
export interface Caller {
  readonly principal: Principal;
  /** Of the principal's tenant. */
  readonly suspended: boolean;
  /** Unix time in milliseconds; nobody may rely on this longer. */
  readonly validUntil: number;
  /**
   * Looks at each request, also of a caller who is known already: from where it comes, say.
   * @throws Problem
   */
  readonly admit?: (request: FastifyRequest) => void;
}
