export { describeJobKinds } from './describe-job-kinds';
export {
  declaredJobKinds,
  type JobContext,
  type JobHandler,
  JobKind,
  type JobKindOptions,
  NoPayload,
} from './job-kind';
export { JobResponse } from './dto/job.response.dto';
export { JobsModule } from './jobs.module';
export { type EnqueueOptions, JobsService } from './jobs.service';
export { SweepTasks } from './worker/sweep-tasks';
