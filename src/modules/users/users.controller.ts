import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
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
import { CurrentPrincipal, RecentSignIn, RequirePermission } from '../../platform/security/access.decorators';
import { type Principal } from '../../platform/security/principal';
import {
  AddedMemberResponse,
  AddMemberRequest,
  ChangeMemberRequest,
  MemberPage,
  memberResponse,
  MemberResponse,
} from './dto/member.dto';
import { InitialPassword } from './initial-password';
import { MembersService } from './members.service';
import { ALREADY_MEMBER, LAST_OWNER, ROLE_ABOVE_YOURS } from './users.errors';

@ApiTags('Members')
@Controller('members')
export class UsersController {
  constructor(
    private readonly members: MembersService,
    private readonly initialPassword: InitialPassword,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List the members of the tenant',
    description: 'In the order in which the persons came to Daybook.',
  })
  @ApiOkResponse({ type: MemberPage })
  @ApiProblems(INVALID_CURSOR)
  @RequirePermission('members:read')
  async list(@Query() query: PageQuery): Promise<MemberPage> {
    const page = await this.members.list(query);
    return { ...page, items: page.items.map(memberResponse) };
  }

  @Get(':userId')
  @ApiOperation({ summary: 'Read a member', description: 'A person who is not a member of your tenant is not found.' })
  @ApiOkResponse({ type: MemberResponse, headers: ETAG_HEADER })
  @ApiProblems(NOT_FOUND)
  @RequirePermission('members:read')
  async get(
    @UuidParam('userId') userId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MemberResponse> {
    const row = await this.members.get(userId);
    setEtag(reply, row.member.version);
    return memberResponse(row);
  }

  @Post()
  @ApiOperation({
    summary: 'Add a member',
    description:
      'Adds the person with this e-mail address. Somebody who is new to Daybook is made, with a random initial password that is in this one answer; hand it over in person. If it is lost before its first use, remove the member and add them again.',
  })
  @ApiCreatedResponse({ type: AddedMemberResponse, headers: ETAG_HEADER })
  @ApiProblems(
    ALREADY_MEMBER,
    ROLE_ABOVE_YOURS,
    IDEMPOTENCY_KEY_REQUIRED,
    IDEMPOTENCY_KEY_IN_USE,
    IDEMPOTENCY_KEY_REUSED,
  )
  @Idempotent('required')
  // the initial password is hashed before the transaction
  @WithoutTransaction()
  @RequirePermission('members:write')
  @RecentSignIn()
  add(
    @CurrentPrincipal() actor: Principal,
    @Body() { email, name, role }: AddMemberRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AddedMemberResponse> {
    return this.initialPassword.forRoute(request, reply, async (hash) => {
      const { row, created } = await this.members.add(actor, { email, name: name ?? null, role }, hash);
      reply.header('location', `/v1/members/${row.member.userId}`);
      setEtag(reply, row.member.version);
      return { body: memberResponse(row), created };
    });
  }

  @Patch(':userId')
  @ApiOperation({
    summary: 'Change a member’s role',
    description: 'Takes effect at once, also for tokens that are out.',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: MemberResponse, headers: ETAG_HEADER })
  @ApiProblems(NOT_FOUND, LAST_OWNER, ROLE_ABOVE_YOURS, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('members:write')
  @RecentSignIn()
  async change(
    @CurrentPrincipal() actor: Principal,
    @UuidParam('userId') userId: string,
    @Body() { role }: ChangeMemberRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MemberResponse> {
    const row = await this.members.changeRole(actor, userId, role, expectedVersion(request));
    setEtag(reply, row.member.version);
    return memberResponse(row);
  }

  @Delete(':userId')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Remove a member',
    description: 'Ends their access to the tenant at once. The person keeps their account and other tenants.',
  })
  @ApiIfMatch()
  @ApiNoContentResponse({ description: 'Removed.' })
  @ApiProblems(NOT_FOUND, LAST_OWNER, ROLE_ABOVE_YOURS, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('members:write')
  @RecentSignIn()
  remove(
    @CurrentPrincipal() actor: Principal,
    @UuidParam('userId') userId: string,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    return this.members.remove(actor, userId, expectedVersion(request));
  }
}
