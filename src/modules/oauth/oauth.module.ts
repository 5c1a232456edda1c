import { JwtModule } from '@nestjs/jwt';
import { Feature } from '../../platform/features/feature';
import { ApiKeysModule } from '../api-keys';
import { AuthModule } from '../auth';
import { ClientAuthentication } from './client-authentication';
import { ClientTokens } from './client-tokens';
import { OAuthTokenId } from './entities/oauth-token-id.entity';
import { OAuth1795863800000 } from './migrations/1795863800000-oauth';
import { AuthorizationServerController, OAuthController } from './oauth.controller';
import { TokenIds } from './token-ids';

@Feature({
  entities: [OAuthTokenId],
  migrations: [OAuth1795863800000],
  tags: { OAuth: 'Access tokens of programs (OAuth 2.0): an API key is the client.' },

  imports: [JwtModule.register({}), AuthModule, ApiKeysModule],
  controllers: [OAuthController, AuthorizationServerController],
  providers: [ClientAuthentication, ClientTokens, TokenIds],
})
export class OAuthModule {}
