import { Body, Controller, Get, Header, Headers, HttpCode, Ip, Post, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { TENANT_REQUIRED } from '../../common/problems/http.problems';
import { ApiProblems } from '../../platform/http/api-problems';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { ThrottleAs } from '../../platform/http/throttling/throttle.guard';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { CurrentPrincipal, Public, SignedIn } from '../../platform/security/access.decorators';
import { type Principal } from '../../platform/security/principal';
import { PASSWORD_TOO_WEAK } from '../users';
import { INVALID_CREDENTIALS, INVALID_REFRESH_TOKEN, WRONG_PASSWORD } from './auth.errors';
import { AuthService } from './auth.service';
import { AlsoWhenSuspended } from './authentication.guard';
import {
  ChangePasswordRequest,
  JsonWebKeySetResponse,
  RefreshRequest,
  SignInRequest,
  TokenResponse,
} from './dto/auth.dto';
import { MeResponse } from './dto/me.dto';
import { JWKS_MAX_AGE_SECONDS, KeyRing } from './key-ring';
import { MeService } from './me.service';

@ApiTags('Sign-in')
@Controller('auth')
// passwords are hashed between transactions, and a token that is used twice must not be answered twice
@WithoutTransaction()
@Idempotent('none')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('sign-in')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign in with e-mail and password',
    description:
      'Answers a short-lived access token and a refresh token. Attempts are counted per address and per e-mail address, whether somebody has it or not.',
  })
  @ApiOkResponse({ type: TokenResponse })
  @ApiProblems(INVALID_CREDENTIALS, TENANT_REQUIRED)
  @Public()
  @ThrottleAs('sign-in')
  signIn(
    @Body() body: SignInRequest,
    @Ip() source: string,
    @Headers('user-agent') userAgent: string | undefined,
  ): Promise<TokenResponse> {
    return this.auth.signIn(body, { source, userAgent });
  }

  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Exchange a refresh token',
    description:
      'Each refresh token is good for one use; the answer has the next. When the answer was lost, send the same again within a few seconds: it gets the same next token. Later, or once that one was used, a token that comes twice ends its session.',
  })
  @ApiOkResponse({ type: TokenResponse })
  @ApiProblems(INVALID_REFRESH_TOKEN)
  @Public()
  refresh(@Body() { refreshToken }: RefreshRequest, @Ip() source: string): Promise<TokenResponse> {
    return this.auth.refresh(refreshToken, source);
  }

  @Post('sign-out')
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign out', description: 'Ends the session with all its tokens, at once.' })
  @ApiNoContentResponse({ description: 'Signed out.' })
  @ApiProblems()
  @SignedIn()
  @AlsoWhenSuspended()
  signOut(@CurrentPrincipal() principal: Principal, @Ip() source: string): Promise<void> {
    return this.auth.signOut(principal, source);
  }
}

@ApiTags('Sign-in')
@Controller('me')
export class MeController {
  constructor(
    private readonly me: MeService,
    private readonly auth: AuthService,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Who am I',
    description: 'The person or the program, the tenant in use and what may be done there.',
  })
  @ApiOkResponse({ type: MeResponse })
  @ApiProblems()
  @SignedIn('anybody')
  @AlsoWhenSuspended()
  get(@CurrentPrincipal() principal: Principal): Promise<MeResponse> {
    return this.me.describe(principal);
  }

  @Post('password')
  @HttpCode(204)
  @ApiOperation({ summary: 'Change your password', description: 'Ends all your other sessions at once.' })
  @ApiNoContentResponse({ description: 'Changed.' })
  @ApiProblems(WRONG_PASSWORD, PASSWORD_TOO_WEAK)
  @SignedIn()
  @WithoutTransaction()
  @Idempotent('none')
  changePassword(
    @CurrentPrincipal() principal: Principal,
    @Body() body: ChangePasswordRequest,
    @Ip() source: string,
  ): Promise<void> {
    return this.auth.changePassword(principal, body, source);
  }
}

@ApiTags('Sign-in')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
@WithoutTransaction()
export class KeySetController {
  constructor(private readonly keys: KeyRing) {}

  @Get('jwks.json')
  @Header('cache-control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`)
  @ApiOperation({
    summary: 'The keys that verify access tokens',
    description: 'RFC 7517. Holds the next key before it signs, and an old one until its last token has expired.',
  })
  @ApiOkResponse({ type: JsonWebKeySetResponse })
  @ApiProblems()
  @Public()
  async get(): Promise<JsonWebKeySetResponse> {
    return { keys: await this.keys.publicSet() };
  }

  @Get('checkpoint-keys.json')
  @Header('cache-control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`)
  @ApiOperation({
    summary: 'The keys that verify checkpoints of ledgers',
    description:
      'RFC 7517. Every key that ever signed one: checkpoints are verified for ever, access tokens only with the keys of `jwks.json`. Who checks for themselves keeps a copy.',
  })
  @ApiOkResponse({ type: JsonWebKeySetResponse })
  @ApiProblems()
  @Public()
  async checkpointKeys(): Promise<JsonWebKeySetResponse> {
    return { keys: await this.keys.checkpointSet() };
  }
}
