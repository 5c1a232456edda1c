import { Feature } from '../../platform/features/feature';
import { TerminusModule } from '@nestjs/terminus';
import { Gauges } from './gauges';
import { HealthController } from './health.controller';
import { HealthService } from './health.service';

@Feature({
  tags: { Operations: 'For those who run the service: health, metrics, and the pages that explain problems.' },

  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [Gauges, HealthService],
})
export class HealthModule {}
