import { Body, Controller, Get, Patch, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { PRECONDITION_FAILED, PRECONDITION_REQUIRED } from '../../common/problems/http.problems';
import { currentTransaction } from '../../platform/database/tenant-database';
import { ApiProblems } from '../../platform/http/api-problems';
import { ApiIfMatch, ETAG_HEADER, expectedVersion, setEtag } from '../../platform/http/concurrency/etag';
import { RequirePermission } from '../../platform/security/access.decorators';
import { ChangeOwnTenantRequest, tenantResponse, TenantResponse } from './dto/tenant.dto';
import { TenantsService } from './tenants.service';

/** The tenant that the caller works in. */
@ApiTags('Tenants')
@Controller('tenant')
export class OwnTenantController {
  constructor(private readonly tenants: TenantsService) {}

  @Get()
  @ApiOperation({ summary: 'Read your tenant', description: 'Its name and the settings in effect.' })
  @ApiOkResponse({ type: TenantResponse, headers: ETAG_HEADER })
  @ApiProblems()
  @RequirePermission('tenant:read')
  async get(@Res({ passthrough: true }) reply: FastifyReply): Promise<TenantResponse> {
    const tenant = await this.tenants.get(currentTransaction().tenantId);
    setEtag(reply, tenant.version);
    return tenantResponse(tenant);
  }

  @Patch()
  @ApiOperation({
    summary: 'Change your tenant’s name or settings',
    description: 'What is left out stays as it is; null in `settings` takes a choice back (RFC 7396).',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: TenantResponse, headers: ETAG_HEADER })
  @ApiProblems(PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('tenant:write')
  async change(
    @Body() body: ChangeOwnTenantRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantResponse> {
    const tenant = await this.tenants.change(currentTransaction().tenantId, body, expectedVersion(request));
    setEtag(reply, tenant.version);
    return tenantResponse(tenant);
  }
}
