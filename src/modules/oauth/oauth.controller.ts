import { Controller, Get, Header, HttpCode, Post, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Config } from '../../config/config';
import { Features } from '../../platform/features/features';
import { isPlatform } from '../../platform/features/permissions';
import { ApiProblems } from '../../platform/http/api-problems';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { FormBody } from '../../platform/http/upload/form-body';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { Public } from '../../platform/security/access.decorators';
import { type Caller } from '../../platform/security/principal';
import { ADDRESS_NOT_ALLOWED } from '../api-keys';
import { ClientAuthentication, type Form } from './client-authentication';
import { ClientTokens } from './client-tokens';
import {
  AuthorizationServerResponse,
  IntrospectionResponse,
  OAuthErrorResponse,
  OAuthTokenResponse,
  TokenForm,
  TokenIdForm,
} from './dto/oauth.dto';
import { OAuthError } from './oauth-error';

const FORM = 'application/x-www-form-urlencoded';
/** Named by hand: `type` would make it the only form of the status. */
const ERROR = { content: { 'application/json': { schema: { $ref: '#/components/schemas/OAuthErrorResponse' } } } };

/** OAuth 2.0 for programs: an API key is the client (AUTH-22). Answers are those of the RFCs, not problem documents. */
@ApiTags('OAuth')
@ApiExtraModels(OAuthErrorResponse)
@Controller({ path: 'oauth', version: VERSION_NEUTRAL })
@WithoutTransaction()
@Idempotent('none')
export class OAuthController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly tokens: ClientTokens,
  ) {}

  @Post('token')
  @FormBody()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'oauthToken',
    summary: 'Get an access token for a program',
    description:
      'RFC 6749, `client_credentials`. The client is an API key: its id, and its secret by HTTP Basic or in the form, or an assertion that one of its public keys signed (RFC 7523). The token lives for five minutes and says its scopes, which are permissions.',
  })
  @ApiConsumes(FORM)
  @ApiBody({ type: TokenForm })
  @ApiOkResponse({ type: OAuthTokenResponse })
  @ApiResponse({ status: 400, description: 'RFC 6749 section 5.2.', ...ERROR })
  @ApiResponse({ status: 401, description: 'The client did not prove who it is.', ...ERROR })
  @ApiProblems(ADDRESS_NOT_ALLOWED)
  @Public()
  token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answer(reply, async () => {
      const form = formOf(request);
      const caller = await this.clients.authenticate(request, form);
      if (form.grant_type === undefined) throw new OAuthError('invalid_request', 'grant_type is missing.');
      if (form.grant_type !== 'client_credentials')
        throw new OAuthError('unsupported_grant_type', 'grant_type must be client_credentials.');
      return this.tokens.issue(caller, form.scope);
    });
  }

  @Post('revoke')
  @FormBody()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'oauthRevoke',
    summary: 'Revoke an access token of a program',
    description: 'RFC 7009: at once, by the client that it was given to. What is no such token is answered alike.',
  })
  @ApiConsumes(FORM)
  @ApiBody({ type: TokenIdForm })
  @ApiOkResponse({ description: 'It is not taken any more.' })
  @ApiResponse({ status: 400, description: 'RFC 6749 section 5.2.', ...ERROR })
  @ApiResponse({ status: 401, description: 'The client did not prove who it is.', ...ERROR })
  @ApiProblems(ADDRESS_NOT_ALLOWED)
  @Public()
  revoke(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answer(reply, async () => {
      const [caller, token] = await this.asked(request);
      await this.tokens.revoke(caller, token);
      return {};
    });
  }

  @Post('introspect')
  @FormBody()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'oauthIntrospect',
    summary: 'Ask whether an access token of a program is good',
    description: 'RFC 7662, for tokens of the same tenant; all others are answered `{"active": false}`.',
  })
  @ApiConsumes(FORM)
  @ApiBody({ type: TokenIdForm })
  @ApiOkResponse({ type: IntrospectionResponse })
  @ApiResponse({ status: 400, description: 'RFC 6749 section 5.2.', ...ERROR })
  @ApiResponse({ status: 401, description: 'The client did not prove who it is.', ...ERROR })
  @ApiProblems(ADDRESS_NOT_ALLOWED)
  @Public()
  introspect(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answer(reply, async () => {
      const [caller, token] = await this.asked(request);
      return this.tokens.introspect(caller, token);
    });
  }

  private async asked(request: FastifyRequest): Promise<[Caller, string]> {
    const form = formOf(request);
    const caller = await this.clients.authenticate(request, form);
    if (form.token === undefined) throw new OAuthError('invalid_request', 'token is missing.');
    return [caller, form.token];
  }
}

@ApiTags('OAuth')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
@WithoutTransaction()
export class AuthorizationServerController {
  constructor(
    private readonly config: Config,
    private readonly features: Features,
  ) {}

  @Get('oauth-authorization-server')
  @Header('cache-control', 'public, max-age=300')
  @ApiOperation({ summary: 'What the authorization server can', description: 'RFC 8414.' })
  @ApiOkResponse({ type: AuthorizationServerResponse })
  @ApiProblems()
  @Public()
  get(): AuthorizationServerResponse {
    const { publicUrl } = this.config.http;
    return {
      issuer: this.config.security.tokenIssuer,
      token_endpoint: `${publicUrl}/oauth/token`,
      revocation_endpoint: `${publicUrl}/oauth/revoke`,
      introspection_endpoint: `${publicUrl}/oauth/introspect`,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      response_types_supported: [],
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256'],
      scopes_supported: [...this.features.permissions]
        .filter(([name, { personsOnly }]) => !isPlatform(name) && personsOnly !== true)
        .map(([name]) => name),
      service_documentation: `${publicUrl}/reference`,
    };
  }
}

/** @throws OAuthError for what is no form, or has a field twice (RFC 6749 section 3.2) */
function formOf({ body }: FastifyRequest): Form {
  if (!(body instanceof URLSearchParams)) throw new OAuthError('invalid_request', `Send ${FORM}.`);
  const names = [...body.keys()];
  if (new Set(names).size !== names.length) throw new OAuthError('invalid_request', 'A parameter is there twice.');
  return Object.fromEntries([...body].filter(([, value]) => value !== ''));
}

async function answer(reply: FastifyReply, work: () => Promise<object>): Promise<void> {
  void reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
  try {
    void reply.status(200).send(await work());
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const { status, error: code, description } = error;
    if (status === 401) void reply.header('www-authenticate', 'Basic realm="Daybook", charset="UTF-8"');
    void reply.status(status).send({ error: code, error_description: description });
  }
  await reply;
}
