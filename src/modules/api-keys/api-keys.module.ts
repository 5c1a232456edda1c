import { Feature } from '../../platform/features/feature';
import { ADMINISTRATORS } from '../../platform/security/roles';
import { ApiKeyAuthenticator } from './api-key-authenticator';
import { ApiKeyUses } from './api-key-uses';
import { ApiKeysController } from './api-keys.controller';
import { ApiKeysService } from './api-keys.service';
import { ApiKeySecret } from './entities/api-key-secret.entity';
import { ApiKey } from './entities/api-key.entity';
import { ApiKeys1795863500000 } from './migrations/1795863500000-api-keys';

@Feature({
  entities: [ApiKey, ApiKeySecret],
  migrations: [ApiKeys1795863500000],
  permissions: {
    'api-keys:read': { description: 'See the API keys, without their secrets.', roles: ADMINISTRATORS },
    'api-keys:write': {
      description: 'Create, change, rotate and revoke API keys.',
      roles: ADMINISTRATORS,
      personsOnly: true,
    },
  },
  tags: { 'API keys': 'Credentials of programs: what they may do, where from, and how long.' },
  catalog: {
    systemFunctions: ['daybook_system tenant_of_api_key(text)', 'daybook_system tenant_of_api_client(uuid)'],
  },

  controllers: [ApiKeysController],
  providers: [ApiKeysService, ApiKeyAuthenticator, ApiKeyUses],
  exports: [ApiKeysService, ApiKeyAuthenticator],
})
export class ApiKeysModule {}
