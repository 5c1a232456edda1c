import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/time/clock';

/**
 * How far the clocks of tenants are set from the true time, in this process. A tenant that is not in here, and that is
 * every one with real money, has the true time and pays nothing for the others.
 */
@Injectable()
export class TenantClocks {
  private readonly offsets = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** The tenant's time by the clock of this process, for where there is no transaction. */
  now(tenantId: string): Date {
    return new Date(this.clock.now().getTime() + this.offsetMs(tenantId));
  }

  /** In milliseconds; before the true time when it is less than zero. */
  offsetMs(tenantId: string): number {
    return this.offsets.get(tenantId) ?? 0;
  }

  set(tenantId: string, offsetMs: number): void {
    if (!Number.isSafeInteger(offsetMs)) throw new RangeError('an offset is a whole number of milliseconds');
    if (offsetMs === 0) this.offsets.delete(tenantId);
    else this.offsets.set(tenantId, offsetMs);
  }
}
