import { Module } from '@nestjs/common';
import { AppModule } from './app.module';
import { WorkerModule } from './modules/jobs';

/** The application, and the worker that runs its jobs: in `worker.ts`, and in `main.ts` with WORKER_IN_PROCESS. */
@Module({ imports: [AppModule, WorkerModule] })
export class AppWithWorkerModule {}
