export { ApiKeyAuthenticator } from './api-key-authenticator';
export { ADDRESS_NOT_ALLOWED } from './api-keys.errors';
export { ApiKeysModule } from './api-keys.module';
export { ApiKeysService } from './api-keys.service';
export { readPublicKey } from './public-key';
