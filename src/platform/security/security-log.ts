import { Injectable, Logger } from '@nestjs/common';

export interface SecurityEvent {
  /** Such as `sign-in`. */
  readonly event: string;
  readonly outcome: 'success' | 'failure';
  /** How the person proved who they are: `pwd`, `refresh-token`, `access-token`. */
  readonly method?: string;
  /** Why it failed, for operators; the caller is not told. */
  readonly reason?: string;
  /** Who did it; without it, whoever makes the request. */
  readonly userId?: string;
  /** The person whom it was done to, where it is another one. */
  readonly subjectId?: string;
  readonly sessionId?: string;
  readonly tenantId?: string | null;
  /** The address it came from. */
  readonly source?: string;
}

/** Who proved who they are, who failed to, and who changed what others may do (AUTH-28). Ids only: no secrets, no e-mails. */
@Injectable()
export class SecurityLog {
  private readonly logger = new Logger('Security');

  write(event: SecurityEvent): void {
    this.logger[event.outcome === 'success' ? 'log' : 'warn']({ ...event, msg: `${event.event}: ${event.outcome}` });
  }
}
