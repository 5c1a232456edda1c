import { RefreshToken } from './entities/refresh-token.entity';
import { Session } from './entities/session.entity';
import { SigningKey } from './entities/signing-key.entity';

export { AuthModule } from './auth.module';
export { AuthService } from './auth.service';
export { Authenticator } from './authenticator';
export { AuthenticationGuard } from './authentication.guard';
export { KeyRing, type PublishedKey } from './key-ring';
export const AUTH_ENTITIES = [Session, RefreshToken, SigningKey];
