import { ApiProperty, type ApiOperationOptions, ApiPropertyOptional, ApiSchema, getSchemaPath } from '@nestjs/swagger';
import { LINES } from '../../../platform/http/upload/bulk-body';
import { CaptureRequest, PostTransactionRequest, ReverseRequest, VoidRequest } from '../posting/transaction.dto';
import { TransactionResponse } from '../posting/transaction.response.dto';

/*
 * What the API description says of bulk requests. They are not validated by these classes, which would take longer than
 * the postings themselves: see bulk-item.ts.
 */

/** Items of one JSON body, at the most; lines have no limit. */
export const ITEMS_MAX = 10_000;

const KEY = {
  minLength: 1,
  maxLength: 255,
  example: 'order-4711-paid',
  description:
    'As if the item had been sent by itself with this Idempotency-Key: it is the same key there and here. Without it: made of the request’s key and the item’s place.',
} as const;
const PARENT = { format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03' } as const;

@ApiSchema({ name: 'BulkPosting', description: 'A posting or a hold, as `POST …/transactions` takes it.' })
class BulkPostingItem extends PostTransactionRequest {
  @ApiPropertyOptional({ enum: ['posting'], default: 'posting' })
  kind?: 'posting';

  @ApiPropertyOptional(KEY)
  idempotencyKey?: string;
}

@ApiSchema({ name: 'BulkCapture', description: 'As `POST …/transactions/{transactionId}/capture` takes it.' })
class BulkCaptureItem extends CaptureRequest {
  @ApiProperty({ enum: ['capture'] })
  kind: 'capture';

  @ApiProperty({ ...PARENT, description: 'The hold.' })
  transactionId: string;

  @ApiPropertyOptional(KEY)
  idempotencyKey?: string;
}

@ApiSchema({ name: 'BulkVoid', description: 'As `POST …/transactions/{transactionId}/void` takes it.' })
class BulkVoidItem extends VoidRequest {
  @ApiProperty({ enum: ['void'] })
  kind: 'void';

  @ApiProperty({ ...PARENT, description: 'The hold.' })
  transactionId: string;

  @ApiPropertyOptional(KEY)
  idempotencyKey?: string;
}

@ApiSchema({ name: 'BulkReversal', description: 'As `POST …/transactions/{transactionId}/reverse` takes it.' })
class BulkReversalItem extends ReverseRequest {
  @ApiProperty({ enum: ['reversal'] })
  kind: 'reversal';

  @ApiProperty({ ...PARENT, description: 'The original.' })
  transactionId: string;

  @ApiPropertyOptional(KEY)
  idempotencyKey?: string;
}

export const BULK_ITEMS = [BulkPostingItem, BulkCaptureItem, BulkVoidItem, BulkReversalItem] as const;

export class BulkResult {
  /** Place of the item in the request, from 0; of a line among those that are not blank. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 0 })
  index: number;

  /** As if the item had been sent by itself: 201 recorded, 200 in a dry run, 4xx refused, 503 not recorded yet. */
  @ApiProperty({ type: 'integer', example: 201 })
  status: number;

  /** It is the answer to an earlier request with the item's key, or to an earlier item of this one. */
  @ApiProperty({ example: false })
  replayed: boolean;

  /** Of an item that is recorded. */
  @ApiPropertyOptional({ type: () => TransactionResponse })
  transaction?: TransactionResponse;

  /** Of an item that is not. Pointers are into the item. */
  @ApiPropertyOptional({ $ref: '#/components/schemas/ProblemDocument' } as never)
  problem?: object;
}

export class BulkResponse {
  /** Items that are recorded, those of an earlier request included. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 2 })
  recorded: number;

  /** Of them, or of the refusals, those that are answers to an earlier request or item. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 0 })
  replayed: number;

  /** Items that are not recorded. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 0 })
  refused: number;

  /** One per item, in the order of the items. */
  @ApiProperty({ type: () => [BulkResult] })
  results: BulkResult[];
}

const ITEM = { anyOf: BULK_ITEMS.map((item) => ({ $ref: getSchemaPath(item) })) };
const entries = (amount: string) => [
  { account: 'assets:bank:main', direction: 'debit', amount, currency: 'EUR' },
  { account: 'revenue:sales', direction: 'credit', amount, currency: 'EUR' },
];

/** Both forms of the body. */
export const BULK_REQUEST_BODY: ApiOperationOptions['requestBody'] = {
  required: true,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['items'],
        properties: {
          atomic: { type: 'boolean', default: false, description: 'All items are recorded, or none.' },
          items: { type: 'array', minItems: 1, maxItems: ITEMS_MAX, items: ITEM },
        },
      },
      example: {
        atomic: false,
        items: [
          { reference: 'order-4711', idempotencyKey: 'order-4711-paid', entries: entries('25.00') },
          { status: 'pending', expiresAt: '2026-11-28T10:15:00Z', entries: entries('40.00') },
          { kind: 'capture', transactionId: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03', amount: '10.00' },
          { kind: 'void', transactionId: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03' },
          { kind: 'reversal', transactionId: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b05' },
        ],
      },
    },
    [LINES]: { schema: ITEM, example: { reference: 'order-4711', entries: entries('25.00') } },
  },
};
