import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type Pool } from 'pg';
import { type DataSource } from 'typeorm';
import { JobQueue } from '../../platform/queue/job-queue';
import { Metrics } from '../../platform/telemetry/metrics';
import { WithoutTenant } from '../../platform/database/without-tenant';

/** What others know, asked when somebody looks. */
@Injectable()
@WithoutTenant('counts connections')
export class Gauges implements OnModuleInit {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly queue: JobQueue,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const pool = () => (this.dataSource.driver as unknown as { master: Pool }).master;
    this.metrics.gauge('db_pool_connections', 'Connections of this process.', () => pool().totalCount);
    this.metrics.gauge('db_pool_idle', 'Connections that nobody uses.', () => pool().idleCount);
    this.metrics.gauge('db_pool_waiting', 'Requests that wait for a connection.', () => pool().waitingCount);
    this.metrics.gauge('jobs_queue_depth', 'Tickets that wait in Redis; NaN while it does not answer.', () =>
      this.queue.depth(),
    );
  }
}
