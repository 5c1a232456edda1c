import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/time/clock';
import { type Caller, type Principal } from '../../platform/security/principal';
import { Revocations } from '../../platform/security/revocations';

interface Entry extends Caller {
  readonly epoch: number;
}

const CAPACITY = 10_000;
/** The floor under the notifications: even one that is lost without a sign is made up for by then. */
const MAX_AGE_MS = 30_000;

/**
 * Who is behind a credential, remembered until something about them is revoked (AUTH-16). Without news, nothing is
 * remembered. Keys stand for the whole credential: two that differ in one bit have two keys (TEN-12).
 */
@Injectable()
export class PrincipalCache {
  /** Oldest first. */
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly revocations: Revocations,
  ) {
    revocations.subscribe((id) => {
      this.drop(id);
    });
  }

  known(key: string): Caller | undefined {
    const entry = this.entries.get(key);
    return entry && entry.epoch === this.revocations.epoch && entry.validUntil > this.clock.now().getTime()
      ? entry
      : undefined;
  }

  async remember(key: string, lookUp: () => Promise<Caller>): Promise<Caller> {
    const { epoch } = this.revocations;
    this.entries.delete(key);
    const caller = await lookUp();
    // what was said during the look-up is not in its answer
    const stale =
      epoch !== this.revocations.epoch || idsOf(caller.principal).some((id) => this.revocations.recently(id));
    if (epoch !== undefined && !stale) {
      this.entries.set(key, {
        ...caller,
        epoch,
        validUntil: Math.min(caller.validUntil, this.clock.now().getTime() + MAX_AGE_MS),
      });
      if (this.entries.size > CAPACITY) this.entries.delete(this.entries.keys().next().value as string);
    }
    return caller;
  }

  private drop(id: string): void {
    for (const [key, { principal }] of this.entries) if (idsOf(principal).includes(id)) this.entries.delete(key);
  }
}

function idsOf({ id, credentialId, tenantId }: Principal): string[] {
  return tenantId === undefined ? [id, credentialId] : [id, credentialId, tenantId];
}
