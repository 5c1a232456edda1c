import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Gauges } from './gauges';
import { HealthController } from './health.controller';
import { HealthService } from './health.service';

@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [Gauges, HealthService],
})
export class HealthModule {}
