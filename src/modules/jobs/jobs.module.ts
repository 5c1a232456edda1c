import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { RepositoriesModule } from '../../platform/database/repositories';
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

@Module({
  imports: [AuthModule, DiscoveryModule, ThrottlingModule, RepositoriesModule.for([Job, JobEvent, JobSchedule])],
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
