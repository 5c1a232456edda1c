export { UsersModule } from './users.module';
export { UsersService } from './users.service';
export { MembersService } from './members.service';
export { InitialPassword } from './initial-password';
export { isGuessable, PASSWORD_MAX, PASSWORD_MIN, randomPassword } from './password-policy';
export { PASSWORD_TOO_WEAK } from './users.errors';
export { normaliseEmail } from './entities/user.entity';
export { ROLE_SCHEMA } from './dto/member.dto';
