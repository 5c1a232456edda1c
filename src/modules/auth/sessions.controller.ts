import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Not } from 'typeorm';
import { NOT_FOUND } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { ApiProblems } from '../../platform/http/api-problems';
import { UuidParam } from '../../platform/http/uuid-param';
import {
  CurrentPrincipal,
  CurrentTenant,
  RecentSignIn,
  RequirePermission,
  SignedIn,
} from '../../platform/security/access.decorators';
import { type Principal } from '../../platform/security/principal';
import { SecurityLog } from '../../platform/security/security-log';
import { MembersService } from '../users';
import { EndedSessionsResponse, SessionList, SessionResponse } from './dto/session.dto';
import { SessionsService } from './sessions.service';

/** One's own sessions (AUTH-17). */
@ApiTags('Sessions')
@Controller('me/sessions')
export class MySessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly log: SecurityLog,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List your sessions', description: 'Where you are signed in, in all tenants.' })
  @ApiOkResponse({ type: SessionList })
  @ApiProblems()
  @SignedIn()
  async list(@CurrentPrincipal() { id, credentialId }: Principal): Promise<SessionList> {
    const live = await this.sessions.live({ userId: id });
    return { items: live.map((session) => SessionResponse.of(session, credentialId)) };
  }

  @Delete(':sessionId')
  @HttpCode(204)
  @ApiOperation({ summary: 'End one of your sessions', description: 'With all its tokens, at once.' })
  @ApiNoContentResponse({ description: 'Ended.' })
  @ApiProblems(NOT_FOUND)
  @SignedIn()
  async end(@CurrentPrincipal() { id: userId }: Principal, @UuidParam('sessionId') sessionId: string): Promise<void> {
    if ((await this.sessions.endAll({ userId, id: sessionId }, 'ended')) === 0)
      throw new Problem(NOT_FOUND, 'You have no session with this id.');
    this.log.write({ event: 'session-ended', outcome: 'success', userId, sessionId });
  }

  @Delete()
  @HttpCode(200)
  @ApiOperation({
    summary: 'End all your other sessions',
    description: 'All but the one that asks, with all their tokens, at once. Sign out to end that one, too.',
  })
  @ApiOkResponse({ type: EndedSessionsResponse })
  @ApiProblems()
  @SignedIn()
  async endOthers(@CurrentPrincipal() { id: userId, credentialId }: Principal): Promise<EndedSessionsResponse> {
    const ended = await this.sessions.endAll({ userId, id: Not(credentialId) }, 'ended');
    this.log.write({ event: 'sessions-ended', outcome: 'success', userId });
    return { ended };
  }
}

/** Sessions of others, for those who manage members: those that were begun in the tenant. */
@ApiTags('Sessions')
@Controller()
export class TenantSessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly members: MembersService,
    private readonly log: SecurityLog,
  ) {}

  @Get('members/:userId/sessions')
  @ApiOperation({ summary: 'List a member’s sessions', description: 'Those that were begun in your tenant.' })
  @ApiOkResponse({ type: SessionList })
  @ApiProblems(NOT_FOUND)
  @RequirePermission('members:write')
  async list(
    @CurrentPrincipal() { credentialId }: Principal,
    @CurrentTenant() tenantId: string,
    @UuidParam('userId') userId: string,
  ): Promise<SessionList> {
    await this.members.get(userId);
    const live = await this.sessions.live({ userId, tenantId });
    return { items: live.map((session) => SessionResponse.of(session, credentialId)) };
  }

  @Delete('members/:userId/sessions')
  @HttpCode(200)
  @ApiOperation({
    summary: 'End a member’s sessions',
    description:
      'Those that were begun in your tenant, with all their tokens, at once. The person may sign in again: remove the member to keep them out.',
  })
  @ApiOkResponse({ type: EndedSessionsResponse })
  @ApiProblems(NOT_FOUND)
  @RequirePermission('members:write')
  @RecentSignIn()
  async endOfMember(
    @CurrentPrincipal() actor: Principal,
    @CurrentTenant() tenantId: string,
    @UuidParam('userId') userId: string,
  ): Promise<EndedSessionsResponse> {
    await this.members.assertMayManage(actor, userId);
    const ended = await this.sessions.endAll({ userId, tenantId }, 'ended-by-administrator');
    this.log.write({ event: 'sessions-ended', outcome: 'success', userId: actor.id, subjectId: userId, tenantId });
    return { ended };
  }

  @Delete('sessions')
  @HttpCode(200)
  @ApiOperation({
    summary: 'End everybody’s sessions',
    description:
      'All that were begun in your tenant but the one that asks, at once: for the day on which you do not know whom to trust. API keys go on.',
  })
  @ApiOkResponse({ type: EndedSessionsResponse })
  @ApiProblems()
  @RequirePermission('members:write')
  @RecentSignIn()
  async endAll(
    @CurrentPrincipal() { id: userId, credentialId }: Principal,
    @CurrentTenant() tenantId: string,
  ): Promise<EndedSessionsResponse> {
    const ended = await this.sessions.endAll({ tenantId, id: Not(credentialId) }, 'ended-by-administrator');
    this.log.write({ event: 'all-sessions-ended', outcome: 'success', userId, tenantId });
    return { ended };
  }
}
