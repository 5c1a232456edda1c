import { Feature } from '../../platform/features/feature';
import { Evidence1795300000009 } from './migrations/1795300000009-evidence';
import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../../platform/database/repositories';
import { AuthModule } from '../auth';
import { JobsModule } from '../jobs';
import { TransactionsModule } from '../transactions';
import { BundleService } from './bundle.service';
import { CheckpointsService } from './checkpoints.service';
import { Checkpoint } from './entities/checkpoint.entity';
import { Verification } from './entities/verification.entity';
import { CheckpointsController, EvidenceController } from './evidence.controller';
import { EvidenceSweep } from './evidence-sweep';
import { CheckpointKind } from './kinds/checkpoint.kind';
import { VerifyKind } from './kinds/verify.kind';
import { LedgerGauges } from './ledger-gauges';
import { ProofsService } from './proofs.service';
import { TruthService } from './truth.service';
import { VerificationsService } from './verifications.service';
import { Verifier } from './verifier.service';

/** Verifying, without jobs and HTTP: what the operator's command needs. */
@Module({
  imports: [RepositoriesModule.for([Verification]), AuthModule, TransactionsModule],
  providers: [VerificationsService, Verifier],
  exports: [VerificationsService],
})
export class VerificationModule {}

/** What proves that a ledger is as it was recorded: checkpoints, proofs, verifications, bundles. */
@Feature({
  entities: [Checkpoint, Verification],
  migrations: [Evidence1795300000009],
  tags: {
    Evidence: 'That a ledger is as it was recorded: signed checkpoints, proofs, verifications, and how it stands now.',
  },
  catalog: {
    immutableTables: ['checkpoints', 'verifications'],
    guardTriggers: ['checkpoints.checkpoints_immutable', 'verifications.verifications_immutable'],
    systemFunctions: [
      'daybook_system tenants_to_checkpoint(interval, integer)',
      'daybook_system tenants_to_verify(interval, integer)',
      // numbers over all tenants, for gauges
      'daybook_system ledger_health()',
    ],
  },

  imports: [AuthModule, JobsModule, TransactionsModule, VerificationModule],
  controllers: [CheckpointsController, EvidenceController],
  providers: [
    BundleService,
    CheckpointKind,
    CheckpointsService,
    EvidenceSweep,
    LedgerGauges,
    ProofsService,
    TruthService,
    VerifyKind,
  ],
})
export class EvidenceModule {}
