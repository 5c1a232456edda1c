import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type Config } from './config/config';
import { declaredJobKinds, describeJobKinds } from './modules/jobs';
import { describeApi } from './platform/http/openapi/api-description';
import { completeDocument } from './platform/http/openapi/complete-document';

/** In the order in which a reader meets them. */
const TAGS: readonly (readonly [name: string, description: string])[] = [
  ['Sign-in', 'Tokens: getting, renewing and ending them; who is signed in.'],
  ['Members', 'The persons who belong to a tenant, and their roles: owner, admin, accountant, viewer.'],
  ['Tenants', 'One’s own tenant, and for platform administrators all of them.'],
  ['Ledgers', 'Books, their currencies and their trial balances.'],
  ['Accounts', 'Accounts of a ledger, their balances and entries.'],
  ['Account templates', 'What accounts are like that are made on their first use.'],
  ['Transactions', 'Postings: two or more entries that sum to zero in each currency.'],
  ['Transaction templates', 'Entries with parameters: fees, splits and exchanges that are written once.'],
  [
    'Evidence',
    'That a ledger is as it was recorded: signed checkpoints, proofs, verifications, and how it stands now.',
  ],
  [
    'Imports and exports',
    'Whole books: in as CSV files by background jobs, out as streams of CSV or an hledger journal.',
  ],
  ['Jobs', 'Background work: starting it, watching it, repeating it, and running it on a schedule.'],
  ['Operations', 'For those who run the service: health, metrics, and the pages that explain problems.'],
];

/** The description of the API as this build has it. The application need not be initialised, and may be a preview. */
export function openApiDocument(app: NestFastifyApplication, config: Config): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Daybook')
    .setVersion('1')
    .setDescription(describeApi(config))
    .addServer(config.http.publicUrl, 'This installation')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'The `accessToken` of `POST /v1/auth/sign-in` or `/v1/auth/refresh`.',
      },
      'accessToken',
    );
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory,
    extraModels: declaredJobKinds().map(({ payload }) => payload),
  });
  describeJobKinds(document);
  const used = new Set(Object.values(document.paths).flatMap((path) => Object.values(path).flatMap(tagsOf)));
  document.tags = TAGS.filter(([name]) => used.has(name)).map(([name, description]) => ({ name, description }));
  return completeDocument(document, config);
}

/** `LedgersController.create` is `ledgersCreate`: clients are generated with these names, so a rename breaks them. */
function operationIdFactory(controller: string, method: string): string {
  const resource = controller.replace(/Controller$/, '');
  return `${resource.charAt(0).toLowerCase()}${resource.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

function tagsOf(operation: unknown): string[] {
  return (operation as { tags?: string[] }).tags ?? [];
}
