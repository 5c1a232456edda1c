import { ApiKeysModule } from './modules/api-keys';
import { AuditModule } from './modules/audit';
import { AuthModule } from './modules/auth';
import { BooksModule } from './modules/books';
import { EvidenceModule } from './modules/evidence';
import { HealthModule } from './modules/health';
import { JobsModule } from './modules/jobs';
import { ProblemsModule } from './modules/problems';
import { TenantsModule } from './modules/tenants';
import { TransactionsModule } from './modules/transactions';
import { UsersModule } from './modules/users';
import { WelcomeModule } from './modules/welcome';
import { OAuthModule } from './modules/oauth';
import { PlatformModule } from './platform/platform.module';

/** What Daybook is made of, in the order in which a reader of its description meets it. A new module adds its line. */
export const CORE_FEATURES = [
  PlatformModule,
  AuthModule,
  UsersModule,
  TenantsModule,
  ApiKeysModule,
  OAuthModule,
  AuditModule,
  TransactionsModule,
  EvidenceModule,
  BooksModule,
  JobsModule,
  HealthModule,
  ProblemsModule,
  WelcomeModule,
] as const;
