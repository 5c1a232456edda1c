import { Module } from '@nestjs/common';
import { AppModule } from './app.module';
import { WorkerModule } from './modules/jobs';
import { TimekeeperModule } from './modules/transactions';

/** The application, and the worker that runs its jobs and what falls due in ledgers: in `worker.ts`, and in `main.ts` with WORKER_IN_PROCESS. */
@Module({ imports: [AppModule, WorkerModule, TimekeeperModule] })
export class AppWithWorkerModule {}
