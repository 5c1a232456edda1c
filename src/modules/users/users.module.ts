import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../../platform/database/repositories';
import { Member } from './entities/member.entity';
import { User } from './entities/user.entity';
import { InitialPassword } from './initial-password';
import { MembersService } from './members.service';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

@Module({
  imports: [RepositoriesModule.for([User, Member])],
  controllers: [UsersController],
  providers: [UsersService, MembersService, InitialPassword],
  exports: [UsersService, MembersService, InitialPassword],
})
export class UsersModule {}
