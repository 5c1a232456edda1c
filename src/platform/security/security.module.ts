import { Global, Module } from '@nestjs/common';
import { PasswordHasher } from './password-hasher';
import { Revocations } from './revocations';
import { SecurityLog } from './security-log';

@Global()
@Module({
  providers: [PasswordHasher, Revocations, SecurityLog],
  exports: [PasswordHasher, Revocations, SecurityLog],
})
export class SecurityModule {}
