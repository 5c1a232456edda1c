export { AccessTokensService } from './access-tokens.service';
export { AuthModule } from './auth.module';
export { AuthService } from './auth.service';
export { Authenticator } from './authenticator';
export { AuthenticationGuard } from './authentication.guard';
export { KeyRing, type PublishedKey } from './key-ring';
