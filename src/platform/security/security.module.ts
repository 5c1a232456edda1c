import { Global, Module } from '@nestjs/common';
import { CredentialKinds } from './credential-kinds';
import { PasswordHasher } from './password-hasher';
import { Revocations } from './revocations';
import { SecurityLog } from './security-log';

@Global()
@Module({
  providers: [CredentialKinds, PasswordHasher, Revocations, SecurityLog],
  exports: [CredentialKinds, PasswordHasher, Revocations, SecurityLog],
})
export class SecurityModule {}
