import { Global, Module } from '@nestjs/common';
import { AuditTrail } from './audit-trail';
import { CredentialKinds } from './credential-kinds';
import { PasswordHasher } from './password-hasher';
import { Revocations } from './revocations';
import { SecurityLog } from './security-log';

@Global()
@Module({
  providers: [AuditTrail, CredentialKinds, PasswordHasher, Revocations, SecurityLog],
  exports: [AuditTrail, CredentialKinds, PasswordHasher, Revocations, SecurityLog],
})
export class SecurityModule {}
