import { Module } from '@nestjs/common';
import { FEATURES } from './app.features';
import { AppModule } from './app.module';

/** The application, and what of its features runs jobs and looks for what is due: in `worker.ts`, and in `main.ts` with WORKER_IN_PROCESS. */
@Module({ imports: [AppModule, ...FEATURES.workers] })
export class AppWithWorkerModule {}
