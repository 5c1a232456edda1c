import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What the process counts. Names and labels are part of the contract with dashboards and alarms
 * (docs/operations/metrics.md); labels never carry tenants or ids, whose number has no bound.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly auditDropped = new Counter({
    name: 'audit_dropped_total',
    help: 'Refusals that are in the log only: too many at once, or the database was away',
    registers: [this.registry],
  });
  readonly throttled = new Counter({
    name: 'http_throttled_total',
    help: 'Requests that were refused because a quota was used up.',
    labelNames: ['policy'] as const,
    registers: [this.registry],
  });
  readonly jobs = new Counter({
    name: 'jobs_total',
    help: 'Attempts that ended, by the state that they left the job in.',
    labelNames: ['kind', 'state'] as const,
    registers: [this.registry],
  });
  readonly jobDuration = new Histogram({
    name: 'job_duration_seconds',
    help: 'Time that an attempt took.',
    labelNames: ['kind'] as const,
    buckets: [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600],
    registers: [this.registry],
  });

  readonly engineBatch = new Histogram({
    name: 'ledger_batch_commands',
    help: 'Commands in one commit of the posting engine.',
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 10_000],
    registers: [this.registry],
  });
  readonly engineWait = new Histogram({
    name: 'ledger_wait_seconds',
    help: 'Time from a command’s arrival to the start of its batch.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [this.registry],
  });
  readonly engineStep = new Histogram({
    name: 'ledger_batch_duration_seconds',
    help: 'Time that a batch of the posting engine took, by step.',
    labelNames: ['step'] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [this.registry],
  });

  readonly scheduledDelay = new Histogram({
    name: 'scheduled_transaction_delay_seconds',
    help: 'Time from the moment for which a transaction was scheduled to its posting or refusal.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 600],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** A gauge that is asked when somebody looks. `read` answers undefined when it does not know. */
  gauge(name: string, help: string, read: () => number | undefined | Promise<number | undefined>): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      async collect() {
        this.set((await read()) ?? Number.NaN);
      },
    });
  }
}
