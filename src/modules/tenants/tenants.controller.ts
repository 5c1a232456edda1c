import { Body, Controller, Get, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  IDEMPOTENCY_KEY_IN_USE,
  IDEMPOTENCY_KEY_REQUIRED,
  IDEMPOTENCY_KEY_REUSED,
  INVALID_CURSOR,
  NOT_FOUND,
  PRECONDITION_FAILED,
  PRECONDITION_REQUIRED,
} from '../../common/problems/http.problems';
import { ApiProblems } from '../../platform/http/api-problems';
import { ApiIfMatch, ETAG_HEADER, expectedVersion, setEtag } from '../../platform/http/concurrency/etag';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { PageQuery } from '../../platform/http/pagination/page.dto';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../platform/http/uuid-param';
import { RequirePermission } from '../../platform/security/access.decorators';
import { InitialPassword } from '../users';
import {
  ChangeTenantRequest,
  CreatedTenantResponse,
  CreateTenantRequest,
  TenantPage,
  tenantResponse,
  TenantResponse,
} from './dto/tenant.dto';
import { SLUG_TAKEN } from './tenants.errors';
import { TenantsService } from './tenants.service';

/** All tenants, for the administrators of the platform. */
@ApiTags('Tenants')
@Controller('tenants')
export class TenantsController {
  constructor(
    private readonly tenants: TenantsService,
    private readonly initialPassword: InitialPassword,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List all tenants', description: 'For platform administrators; oldest first.' })
  @ApiOkResponse({ type: TenantPage })
  @ApiProblems(INVALID_CURSOR)
  @RequirePermission('platform:tenants')
  async list(@Query() query: PageQuery): Promise<TenantPage> {
    const page = await this.tenants.list(query);
    return { ...page, items: page.items.map(tenantResponse) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a tenant', description: 'For platform administrators.' })
  @ApiOkResponse({ type: TenantResponse, headers: ETAG_HEADER })
  @ApiProblems(NOT_FOUND)
  @RequirePermission('platform:tenants')
  async get(@UuidParam('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<TenantResponse> {
    const tenant = await this.tenants.get(id);
    setEtag(reply, tenant.version);
    return tenantResponse(tenant);
  }

  @Post()
  @ApiOperation({
    summary: 'Create a tenant with its owner',
    description:
      'For platform administrators. An owner who is new to Daybook is made, with a random initial password that is in this one answer.',
  })
  @ApiCreatedResponse({ type: CreatedTenantResponse, headers: ETAG_HEADER })
  @ApiProblems(SLUG_TAKEN, IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_IN_USE, IDEMPOTENCY_KEY_REUSED)
  @Idempotent('required')
  // the initial password is hashed before the transaction
  @WithoutTransaction()
  @RequirePermission('platform:tenants')
  create(
    @Body() { name, slug, owner }: CreateTenantRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedTenantResponse> {
    return this.initialPassword.forRoute(request, reply, async (hash) => {
      const person = { email: owner.email, name: owner.name ?? null };
      const { tenant, ownerId, created } = await this.tenants.create({ name, slug, owner: person }, hash);
      reply.header('location', `/v1/tenants/${tenant.id}`);
      setEtag(reply, tenant.version);
      return { body: Object.assign(tenantResponse(tenant), { ownerId }), created };
    });
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Rename, suspend or resume a tenant',
    description: 'For platform administrators. A suspension takes effect at once, also for tokens that are out.',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: TenantResponse, headers: ETAG_HEADER })
  @ApiProblems(NOT_FOUND, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('platform:tenants')
  async change(
    @UuidParam('id') id: string,
    @Body() body: ChangeTenantRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantResponse> {
    const tenant = await this.tenants.change(id, body, expectedVersion(request));
    setEtag(reply, tenant.version);
    return tenantResponse(tenant);
  }
}
