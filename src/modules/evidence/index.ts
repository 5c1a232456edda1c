export { EvidenceModule, VerificationModule } from './evidence.module';
export { VerificationsService } from './verifications.service';
