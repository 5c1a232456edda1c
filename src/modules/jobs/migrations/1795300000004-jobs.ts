import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, systemFunction, tenantTable } from '../../../platform/database/tenant-table';

export class Jobs1795300000004 implements MigrationInterface {
  readonly name = 'Jobs1795300000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE job_schedules (
      tenant_id   uuid NOT NULL DEFAULT current_tenant_id(),
      id          uuid NOT NULL,
      kind        text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9]*([.-][a-z0-9]+)*$' AND length(kind) <= 100),
      payload     jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
      cron        text NOT NULL,
      time_zone   text NOT NULL,
      enabled     boolean NOT NULL DEFAULT true,
      next_run_at timestamptz NOT NULL,
      last_run_at timestamptz,
      actor_id    uuid,
      version     integer NOT NULL DEFAULT 1,
      created_at  timestamptz NOT NULL DEFAULT now(),
      updated_at  timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    );
    CREATE INDEX job_schedules_due ON job_schedules (next_run_at) WHERE enabled;
    ${tenantTable('job_schedules', 'SELECT, INSERT, UPDATE, DELETE')}

    CREATE TABLE jobs (
      tenant_id        uuid NOT NULL DEFAULT current_tenant_id(),
      id               uuid NOT NULL,
      kind             text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9]*([.-][a-z0-9]+)*$' AND length(kind) <= 100),
      payload          jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
      state            text NOT NULL CHECK (state IN
                         ('scheduled', 'queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')),
      priority         smallint NOT NULL DEFAULT 0,
      progress         smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
      progress_message text,
      attempts         integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
      max_attempts     integer NOT NULL CHECK (max_attempts >= 1),
      result           jsonb,
      error            jsonb CHECK (jsonb_typeof(error) = 'object'),
      run_at           timestamptz NOT NULL DEFAULT now(),
      started_at       timestamptz,
      finished_at      timestamptz,
      lease_until      timestamptz,
      cancel_requested boolean NOT NULL DEFAULT false,
      actor_id         uuid,
      trace_id         text NOT NULL CHECK (trace_id ~ '^[0-9a-f]{32}$'),
      schedule_id      uuid,
      last_event       bigint NOT NULL DEFAULT 0,
      version          integer NOT NULL DEFAULT 1,
      created_at       timestamptz NOT NULL DEFAULT now(),
      updated_at       timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, schedule_id) REFERENCES job_schedules (tenant_id, id) ON DELETE SET NULL (schedule_id),
      CONSTRAINT jobs_finished_has_time
        CHECK ((state IN ('succeeded', 'failed', 'dead', 'cancelled')) = (finished_at IS NOT NULL)),
      CONSTRAINT jobs_running_has_lease CHECK (state <> 'running' OR lease_until IS NOT NULL)
    );
    COMMENT ON COLUMN jobs.attempts IS 'Never falls: it is the fencing token of the worker that runs the job.';
    COMMENT ON COLUMN jobs.run_at IS 'Not before.';
    COMMENT ON COLUMN jobs.lease_until IS
      'Running: without a sign of the worker by then it is taken for dead. Queued: dispatched; looked at again then.';
    COMMENT ON COLUMN jobs.last_event IS 'Sequence of its latest row in job_events.';
    -- the sweeper's question, "what needs me now", per tenant
    CREATE INDEX jobs_attention ON jobs (tenant_id, (COALESCE(lease_until, run_at)))
      WHERE state IN ('scheduled', 'queued', 'running');
    CREATE INDEX jobs_waiting ON jobs (tenant_id, priority DESC, run_at) WHERE state = 'queued';
    CREATE INDEX jobs_by_state ON jobs (tenant_id, state, id);
    CREATE INDEX jobs_by_kind ON jobs (tenant_id, kind, id);
    CREATE INDEX jobs_by_schedule ON jobs (tenant_id, schedule_id) WHERE schedule_id IS NOT NULL;
    CREATE INDEX jobs_finished ON jobs (tenant_id, finished_at) WHERE finished_at IS NOT NULL;
    ${tenantTable('jobs', 'SELECT, INSERT, UPDATE, DELETE')}

    CREATE TABLE job_events (
      tenant_id uuid NOT NULL DEFAULT current_tenant_id(),
      job_id    uuid NOT NULL,
      sequence  bigint NOT NULL,
      at        timestamptz NOT NULL DEFAULT clock_timestamp(),
      type      text NOT NULL CHECK (type IN ('state', 'progress', 'log')),
      data      jsonb NOT NULL CHECK (jsonb_typeof(data) = 'object'),
      PRIMARY KEY (tenant_id, job_id, sequence),
      FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
    );
    ${tenantTable('job_events', 'SELECT, INSERT, DELETE')}

    -- Tenants one after the other by the index (a loose scan), then their due jobs in turns: the first of each tenant,
    -- the second of each, and so on. A tenant with a million jobs does not come before one with a single job.
    CREATE FUNCTION daybook_system.jobs_to_dispatch(max_jobs integer)
      RETURNS TABLE (tenant_id uuid, id uuid, kind text)
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
      WITH RECURSIVE tenants AS (
        (SELECT j.tenant_id FROM public.jobs j WHERE j.state IN ('scheduled', 'queued', 'running')
         ORDER BY j.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM public.jobs j WHERE j.state IN ('scheduled', 'queued', 'running')
                AND j.tenant_id > t.tenant_id ORDER BY j.tenant_id LIMIT 1)
        FROM tenants t WHERE t.tenant_id IS NOT NULL
      )
      SELECT due.tenant_id, due.id, due.kind
      FROM tenants t CROSS JOIN LATERAL (
        SELECT j.tenant_id, j.id, j.kind, row_number() OVER (ORDER BY COALESCE(j.lease_until, j.run_at)) AS turn
        FROM public.jobs j
        WHERE j.tenant_id = t.tenant_id AND j.state IN ('scheduled', 'queued', 'running')
          AND COALESCE(j.lease_until, j.run_at) <= now()
        ORDER BY COALESCE(j.lease_until, j.run_at) LIMIT max_jobs
      ) due
      ORDER BY due.turn LIMIT max_jobs
    $$;
    ${systemFunction('daybook_system.jobs_to_dispatch(integer)')}

    CREATE FUNCTION daybook_system.schedules_due(max_schedules integer)
      RETURNS TABLE (tenant_id uuid, id uuid)
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
      SELECT s.tenant_id, s.id FROM public.job_schedules s
      WHERE s.enabled AND s.next_run_at <= now() ORDER BY s.next_run_at LIMIT max_schedules
    $$;
    ${systemFunction('daybook_system.schedules_due(integer)')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
