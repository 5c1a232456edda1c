import { Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { ApiProblems } from '../../platform/http/api-problems';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { PageQuery } from '../../platform/http/pagination/page.dto';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../platform/http/uuid-param';
import { CurrentTenant, RequirePermission } from '../../platform/security/access.decorators';
import { JobResponse, JobsService } from '../jobs';
import { LEDGER_NOT_FOUND, LedgersService, TRANSACTION_NOT_FOUND } from '../transactions';
import { BundleService } from './bundle.service';
import { CheckpointsService } from './checkpoints.service';
import { CheckpointPage, CheckpointResponse } from './dto/checkpoint.dto';
import { ProofResponse } from './dto/proof.dto';
import { TruthResponse } from './dto/truth.dto';
import { VerificationPage } from './dto/verification.dto';
import { CHECKPOINT_NEEDED, CHECKPOINT_NOT_FOUND, LEDGER_CONTRADICTED } from './evidence.errors';
import { VERIFY_JOB } from './kinds/verify.kind';
import { ProofsService } from './proofs.service';
import { TruthService } from './truth.service';
import { VerificationsService } from './verifications.service';

@ApiTags('Evidence')
@Controller('ledgers/:ledgerId/checkpoints')
export class CheckpointsController {
  constructor(private readonly checkpoints: CheckpointsService) {}

  @Post()
  @ApiProblems(LEDGER_NOT_FOUND, LEDGER_CONTRADICTED)
  @RequirePermission('ledgers:write')
  @Idempotent('none')
  @WithoutTransaction()
  @ApiOperation({
    summary: 'Make a checkpoint',
    description:
      'Signs where the hash chain of the ledger stands now. A ledger that has not moved since its last checkpoint gets that one again, with 200, so a retry is safe; one without transactions gets 204. After many transactions several are made, and the last of them answered. Ledgers that move get one every hour without being asked (LEDGER_CHECKPOINT_SECONDS).',
  })
  @ApiCreatedResponse({ type: CheckpointResponse })
  @ApiOkResponse({ type: CheckpointResponse, description: 'The ledger has not moved: its last checkpoint.' })
  @ApiNoContentResponse({ description: 'The ledger has no transactions.' })
  async make(
    @UuidParam('ledgerId') ledgerId: string,
    @CurrentTenant() tenantId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CheckpointResponse | undefined> {
    const { checkpoint, made } = await this.checkpoints.make(tenantId, ledgerId);
    reply.status(checkpoint ? (made > 0 ? 201 : 200) : 204);
    if (!checkpoint) return undefined;
    reply.header('location', `/v1/ledgers/${ledgerId}/checkpoints/${checkpoint.id}`);
    return CheckpointResponse.of(checkpoint);
  }

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'List checkpoints', description: 'Newest first.' })
  @ApiOkResponse({ type: CheckpointPage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: PageQuery): Promise<CheckpointPage> {
    return this.checkpoints.list(ledgerId, query);
  }

  @Get(':checkpointId')
  @ApiProblems(CHECKPOINT_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'Read a checkpoint', description: 'Its `jws` is the signed statement.' })
  @ApiOkResponse({ type: CheckpointResponse })
  async get(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('checkpointId') id: string,
  ): Promise<CheckpointResponse> {
    return CheckpointResponse.of(await this.checkpoints.get(ledgerId, id));
  }
}

@ApiTags('Evidence')
@Controller('ledgers/:ledgerId')
export class EvidenceController {
  constructor(
    private readonly ledgers: LedgersService,
    private readonly proofs: ProofsService,
    private readonly truth: TruthService,
    private readonly verifications: VerificationsService,
    private readonly bundles: BundleService,
    private readonly jobs: JobsService,
  ) {}

  @Get('truth')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @WithoutTransaction()
  @ApiOperation({
    summary: 'How the ledger stands',
    description:
      'Sums per currency, balances against entries, head of the hash chain and open holds, computed now and all of one moment; and the last checkpoint and verification. `compared` says what the balances were compared with.',
  })
  @ApiOkResponse({ type: TruthResponse })
  tell(@UuidParam('ledgerId') ledgerId: string, @CurrentTenant() tenantId: string): Promise<TruthResponse> {
    return this.truth.tell(tenantId, ledgerId);
  }

  @Get('transactions/:transactionId/proof')
  @ApiProblems(TRANSACTION_NOT_FOUND, CHECKPOINT_NEEDED)
  @RequirePermission('transactions:read')
  @ApiOperation({
    summary: 'Prove a transaction',
    description:
      'That the transaction is one of those that a checkpoint was signed for, and what exactly it says. It can be checked without Daybook: docs/guides/tamper-evidence.md.',
  })
  @ApiOkResponse({ type: ProofResponse })
  prove(@UuidParam('ledgerId') ledgerId: string, @UuidParam('transactionId') id: string): Promise<ProofResponse> {
    return this.proofs.prove(ledgerId, id);
  }

  @Post('verifications')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('jobs:write')
  @Idempotent('required')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Verify the ledger',
    description:
      'Makes the job that recomputes everything from the first transaction on: sums, balances, versions, sequence, hash chain, holds, reversals, checkpoints. Its findings are in the list of verifications.',
  })
  @ApiAcceptedResponse({ type: JobResponse })
  async verify(
    @UuidParam('ledgerId') ledgerId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobResponse> {
    await this.ledgers.get(ledgerId);
    const job = await this.jobs.enqueue(VERIFY_JOB, { ledgerId });
    reply.header('location', `/v1/jobs/${job.id}`);
    return job;
  }

  @Get('verifications')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'List verifications', description: 'Newest first, with what they found.' })
  @ApiOkResponse({ type: VerificationPage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: PageQuery): Promise<VerificationPage> {
    return this.verifications.list(ledgerId, query);
  }

  @Get('exports/evidence')
  @ApiTags('Imports and exports')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('exports:read')
  @WithoutTransaction()
  @ApiOperation({
    summary: 'Export the evidence',
    description:
      'The whole ledger with its checkpoints as lines of JSON, which `scripts/verify-bundle.mjs` checks with nothing but Node. All of it from one moment. It is streamed: an answer that ends without its footer is not whole, and clients report it as broken.',
  })
  @ApiProduces('application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async export(
    @UuidParam('ledgerId') ledgerId: string,
    @CurrentTenant() tenantId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const text = await this.bundles.start(tenantId, ledgerId);
    void reply
      .type('application/x-ndjson; charset=utf-8')
      .header('content-disposition', `attachment; filename="ledger-${ledgerId}.evidence.ndjson"`)
      .send(text);
  }
}
