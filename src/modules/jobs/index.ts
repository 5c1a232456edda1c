import { JobEvent } from './entities/job-event.entity';
import { JobSchedule } from './entities/job-schedule.entity';
import { Job } from './entities/job.entity';

export { describeJobKinds } from './describe-job-kinds';
export { declaredJobKinds, type JobContext, type JobHandler, JobKind, NoPayload } from './job-kind';
export { JobResponse } from './dto/job.response.dto';
export { JobsModule } from './jobs.module';
export { type EnqueueOptions, JobsService } from './jobs.service';
export { type SweepTask, SweepTasks } from './worker/sweep-tasks';
export { WorkerModule } from './worker/worker.module';
export const JOB_ENTITIES = [Job, JobEvent, JobSchedule];
