import { Feature } from '../../platform/features/feature';
import { BOOKKEEPERS, EVERYBODY } from '../../platform/security/roles';
import { Jobs1795300000004 } from './migrations/1795300000004-jobs';
import { JobRunner } from './worker/job-runner';
import { Sweeper } from './worker/sweeper';
import { Worker } from './worker/worker';
import { DiscoveryModule } from '@nestjs/core';
import { ThrottlingModule } from '../../platform/http/throttling/throttling.module';
import { DashboardAccess } from '../../platform/queue/dashboard';
import { AuthModule } from '../auth';
import { JobEvent } from './entities/job-event.entity';
import { JobSchedule } from './entities/job-schedule.entity';
import { Job } from './entities/job.entity';
import { JobDispatcher } from './job-dispatcher';
import { JobEventStreams } from './job-event-streams';
import { JobWatch } from './job-watch';
import { JobStore } from './job-store';
import { JobsController } from './jobs.controller';
import { JobsService } from './jobs.service';
import { KindRegistry } from './kind-registry';
import { MaintenancePurge } from './kinds/maintenance-purge.kind';
import { OperatorAccess } from './operator-access';
import { SchedulesController } from './schedules.controller';
import { SchedulesService } from './schedules.service';
import { SweepTasks } from './worker/sweep-tasks';

@Feature({
  entities: [Job, JobEvent, JobSchedule],
  migrations: [Jobs1795300000004],
  permissions: {
    'jobs:read': { description: 'See jobs, their schedules and what becomes of them.', roles: EVERYBODY },
    'jobs:write': { description: 'Start, cancel and repeat jobs, and schedule them.', roles: BOOKKEEPERS },
    'platform:dashboard': { description: 'Look into the queue.', roles: [] },
  },
  tags: { Jobs: 'Background work: starting it, watching it, repeating it, and running it on a schedule.' },
  catalog: { systemFunctions: ['daybook_system jobs_to_dispatch(integer)', 'daybook_system schedules_due(integer)'] },
  worker: { providers: [JobRunner, Sweeper, Worker] },

  imports: [AuthModule, DiscoveryModule, ThrottlingModule],
  controllers: [SchedulesController, JobsController],
  providers: [
    { provide: DashboardAccess, useClass: OperatorAccess },
    JobDispatcher,
    JobEventStreams,
    JobStore,
    JobWatch,
    JobsService,
    KindRegistry,
    MaintenancePurge,
    SchedulesService,
    SweepTasks,
  ],
  exports: [JobDispatcher, JobStore, JobsService, KindRegistry, SchedulesService, SweepTasks],
})
export class JobsModule {}
