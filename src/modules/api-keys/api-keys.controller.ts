import { Body, Controller, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { INVALID_CURSOR, VALIDATION_FAILED } from '../../common/problems/http.problems';
import { ApiProblems } from '../../platform/http/api-problems';
import { ApiIfMatch, ETAG_HEADER, expectedVersion, setEtag } from '../../platform/http/concurrency/etag';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { IdempotentRoute } from '../../platform/http/idempotency/idempotent-route';
import { PageQuery } from '../../platform/http/pagination/page.dto';
import { idempotencyKeyOf, WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../platform/http/uuid-param';
import { CurrentPrincipal, RecentSignIn, RequirePermission } from '../../platform/security/access.decorators';
import { type Principal } from '../../platform/security/principal';
import { API_KEY_NOT_FOUND, API_KEY_REVOKED, PERMISSION_NOT_YOURS } from './api-keys.errors';
import { ApiKeysService, type ShownKey } from './api-keys.service';
import {
  ApiKeyPage,
  ApiKeyResponse,
  ApiKeyWithSecretResponse,
  ChangeApiKeyRequest,
  CreateApiKeyRequest,
  RotateApiKeyRequest,
} from './dto/api-key.dto';

@ApiTags('API keys')
@Controller('api-keys')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly route: IdempotentRoute,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the API keys', description: 'Oldest first, with those that work no more.' })
  @ApiOkResponse({ type: ApiKeyPage })
  @ApiProblems(INVALID_CURSOR)
  @RequirePermission('api-keys:read')
  list(@Query() query: PageQuery): Promise<ApiKeyPage> {
    return this.keys.list(query);
  }

  @Get(':apiKeyId')
  @ApiOperation({ summary: 'Read an API key', description: 'What it may do and when it was last used; no secret.' })
  @ApiOkResponse({ type: ApiKeyResponse, headers: ETAG_HEADER })
  @ApiProblems(API_KEY_NOT_FOUND)
  @RequirePermission('api-keys:read')
  async get(
    @UuidParam('apiKeyId') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApiKeyResponse> {
    const key = await this.keys.get(id);
    setEtag(reply, key.version);
    return this.keys.describe(key);
  }

  @Post()
  @ApiOperation({
    summary: 'Create an API key',
    description:
      'For a program of yours: it sends `Authorization: Bearer <secret>`. The secret is in this one answer and stored nowhere; a retry with the same Idempotency-Key answers the key without it, so rotate it if it was lost.',
  })
  @ApiCreatedResponse({ type: ApiKeyWithSecretResponse, headers: ETAG_HEADER })
  @ApiProblems(PERMISSION_NOT_YOURS, VALIDATION_FAILED)
  @RequirePermission('api-keys:write')
  @RecentSignIn()
  @Idempotent('required')
  // the secret is kept out of what is remembered for retries
  @WithoutTransaction()
  create(
    @CurrentPrincipal() actor: Principal,
    @Body() body: CreateApiKeyRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApiKeyWithSecretResponse> {
    return this.showing(request, reply, async () => {
      const made = await this.keys.create(actor, body);
      reply.header('location', `/v1/api-keys/${made.key.id}`);
      return made;
    });
  }

  @Patch(':apiKeyId')
  @ApiOperation({
    summary: 'Change an API key',
    description: 'Its name, quota or addresses, at once. What it may do is never widened: make a new key.',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: ApiKeyResponse, headers: ETAG_HEADER })
  @ApiProblems(API_KEY_NOT_FOUND, API_KEY_REVOKED)
  @RequirePermission('api-keys:write')
  @RecentSignIn()
  async change(
    @CurrentPrincipal() actor: Principal,
    @UuidParam('apiKeyId') id: string,
    @Body() body: ChangeApiKeyRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApiKeyResponse> {
    const key = await this.keys.change(actor, id, body, expectedVersion(request));
    setEtag(reply, key.version);
    return this.keys.describe(key);
  }

  @Post(':apiKeyId/rotate')
  @ApiOperation({
    summary: 'Give an API key a new secret',
    description:
      'The one before goes on working for `overlapHours`, so that servers can be changed over one by one; of several before it, the others stop at once. A retry with the same Idempotency-Key answers without the secret.',
  })
  @ApiCreatedResponse({ type: ApiKeyWithSecretResponse, headers: ETAG_HEADER })
  @ApiProblems(API_KEY_NOT_FOUND, API_KEY_REVOKED)
  @RequirePermission('api-keys:write')
  @RecentSignIn()
  @Idempotent('required')
  @WithoutTransaction()
  rotate(
    @CurrentPrincipal() actor: Principal,
    @UuidParam('apiKeyId') id: string,
    @Body() { overlapHours }: RotateApiKeyRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApiKeyWithSecretResponse> {
    return this.showing(request, reply, () => this.keys.rotate(actor, id, overlapHours));
  }

  @Post(':apiKeyId/revoke')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Revoke an API key',
    description: 'It stops working at once, on every process, and for good. It stays in the list.',
  })
  @ApiOkResponse({ type: ApiKeyResponse, headers: ETAG_HEADER })
  @ApiProblems(API_KEY_NOT_FOUND)
  @RequirePermission('api-keys:write')
  @RecentSignIn()
  @Idempotent('optional')
  async revoke(
    @CurrentPrincipal() actor: Principal,
    @UuidParam('apiKeyId') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApiKeyResponse> {
    const key = await this.keys.revoke(actor, id);
    setEtag(reply, key.version);
    return this.keys.describe(key);
  }

  private async showing(
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<ShownKey>,
  ): Promise<ApiKeyWithSecretResponse> {
    const shown: { token: string | null } = { token: null };
    const { body, replayed } = await this.route.run(request, reply, idempotencyKeyOf(request, 'required'), async () => {
      const { key, token } = await work();
      shown.token = token;
      setEtag(reply, key.version);
      return this.keys.describe(key);
    });
    return Object.assign(body as ApiKeyResponse, { secret: replayed ? null : shown.token });
  }
}
