import { defineProblem } from '../../common/problems/problem';

export const UNKNOWN_JOB_KIND = defineProblem({
  code: 'unknown-job-kind',
  status: 422,
  title: 'No such kind of job',
  description: 'The kind is not one that this installation can run.',
  remedy: 'Take a name from GET /v1/jobs/kinds.',
});
export const JOB_NOT_CANCELLABLE = defineProblem({
  code: 'job-not-cancellable',
  status: 409,
  title: 'The job is over',
  description: 'Only a job that is scheduled, queued or running can be cancelled.',
  remedy: 'Read the job: its state says how it ended.',
});
export const JOB_NOT_RETRYABLE = defineProblem({
  code: 'job-not-retryable',
  status: 409,
  title: 'The job cannot be retried',
  description: 'Only a job that is failed, dead or cancelled can be run again.',
  remedy: 'Read the job. To repeat one that succeeded, make a new one.',
});
export const INVALID_SCHEDULE = defineProblem({
  code: 'invalid-schedule',
  status: 422,
  title: 'The schedule cannot be understood',
  description: 'The cron expression or the time zone is not valid, or names a moment that never comes.',
  remedy: 'Send five cron fields, such as `30 2 * * *`, and a time zone of the IANA database, such as `Europe/Vienna`.',
});
export const TOO_MANY_STREAMS = defineProblem({
  code: 'too-many-streams',
  status: 429,
  title: 'Too many open streams',
  description: 'Your tenant follows as many jobs at once as it may.',
  remedy: 'Close a stream, or read the job with GET from time to time.',
});
export const JOB_TIMED_OUT = defineProblem({
  code: 'job-timed-out',
  status: 503,
  title: 'The job took too long',
  description: 'The job was stopped after the longest time that its kind may take. It stands in a job’s `error`.',
  remedy: 'Give it less to do at once, and retry it.',
});
export const JOB_WORKER_LOST = defineProblem({
  code: 'job-worker-lost',
  status: 503,
  title: 'The worker was lost',
  description: 'The process that ran the job ended without a word, on every attempt. It stands in a job’s `error`.',
  remedy: 'Look for a crash in the worker’s log before you retry the job: it may be the cause.',
});
export const JOB_FAILED = defineProblem({
  code: 'job-failed',
  status: 500,
  title: 'The job failed',
  description:
    'A defect or an outage on our side stopped the job. It stands in a job’s `error`; the log has the cause.',
  remedy: 'Retry it; if it stays, report the trace id.',
});
