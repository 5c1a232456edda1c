export { type JobContext, type JobHandler, JobKind, jobPayloadModels } from './job-kind';
export { JobResponse } from './dto/job.response.dto';
export { JobsModule } from './jobs.module';
export { type EnqueueOptions, JobsService } from './jobs.service';
