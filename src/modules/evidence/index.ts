import { Checkpoint } from './entities/checkpoint.entity';
import { Verification } from './entities/verification.entity';

export { EvidenceModule, VerificationModule } from './evidence.module';
export { VerificationsService } from './verifications.service';
export const EVIDENCE_ENTITIES = [Checkpoint, Verification];
