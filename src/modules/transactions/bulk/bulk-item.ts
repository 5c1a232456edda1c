import { parseIdempotencyKey } from '../../../common/http/idempotency-key';
import { isUuid } from '../../../common/ids/uuid';
import { IDEMPOTENCY_KEY_INVALID, VALIDATION_FAILED } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { ProblemValidationPipe } from '../../../platform/http/validation.pipe';
import { type Order } from '../core/orders';
import { CaptureRequest, PostTransactionRequest, ReverseRequest, VoidRequest } from '../posting/transaction.dto';
import { captureOf, reversalOf, voidOf } from '../posting/orders';

/** What an item of a bulk request asks for. */
export interface BulkItem {
  readonly kind: string;
  /** Its own idempotency key. */
  readonly key: string | undefined;
  /** The route that it could have been sent to by itself, after `…/transactions`. */
  readonly route: string;
  readonly parentId: string | undefined;
  /** What its body would be there. */
  readonly body: object;
  /** A problem: its key may still belong to an earlier request that had none. */
  readonly order: OrderOrProblem;
}

interface Form {
  readonly dto: new () => object;
  readonly route: string;
  readonly orderOf: (item: { parentId: string; body: object }, by: Asker) => OrderOrProblem | Promise<OrderOrProblem>;
}

type OrderOrProblem = Order | Problem;

/** Who the order is for, and how a posting becomes one: it may be made by a template. */
export interface Asker {
  readonly createdBy: string;
  postingOf(request: PostTransactionRequest): Promise<OrderOrProblem>;
}

const child = <Body extends object>(
  dto: new () => Body,
  route: string,
  orderOf: (parentId: string, body: Body, createdBy: string) => Order,
): Form => ({ dto, route, orderOf: ({ parentId, body }, { createdBy }) => orderOf(parentId, body as Body, createdBy) });

const FORMS: Readonly<Record<string, Form>> = {
  posting: {
    dto: PostTransactionRequest,
    route: '',
    orderOf: ({ body }, by) => by.postingOf(body),
  },
  capture: child(CaptureRequest, '/:transactionId/capture', captureOf),
  void: child(VoidRequest, '/:transactionId/void', voidOf),
  reversal: child(ReverseRequest, '/:transactionId/reverse', reversalOf),
};
const KINDS = Object.keys(FORMS).join(', ');

const pipe = new ProblemValidationPipe();

/**
 * Reads an item as the route for it alone would read its body.
 * @throws Problem that such a route answers with
 */
export async function readItem(value: unknown, by: Asker): Promise<BulkItem> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('', 'must be a JSON object');
  const { kind, idempotencyKey, rest } = partsOf(value as Record<string, unknown>);
  const form = typeof kind === 'string' && Object.hasOwn(FORMS, kind) ? FORMS[kind] : undefined;
  if (!form) throw invalid('/kind', `must be one of ${KINDS}`);
  const { parentId, body } = form.route === '' ? { parentId: undefined, body: rest } : childOf(rest);
  const key = idempotencyKey === undefined ? undefined : keyOf(idempotencyKey);
  const checked = (await pipe.transform(body, { type: 'body', metatype: form.dto })) as object;
  const order = await form.orderOf({ parentId: parentId ?? '', body: checked }, by);
  return { kind: kind as string, key, route: form.route, parentId, body, order };
}

function partsOf(item: Record<string, unknown>) {
  // most are postings without a key of their own: those are not copied
  if (!('kind' in item) && !('idempotencyKey' in item))
    return { kind: 'posting', idempotencyKey: undefined, rest: item };
  const { kind = 'posting', idempotencyKey, ...rest } = item;
  return { kind, idempotencyKey, rest };
}

function childOf({ transactionId, ...body }: Record<string, unknown>) {
  if (!isUuid(transactionId)) throw invalid('/transactionId', 'must be the id of a transaction');
  return { parentId: transactionId.toLowerCase(), body };
}

function keyOf(value: unknown): string {
  const parsed = typeof value === 'string' ? parseIdempotencyKey(value) : undefined;
  if (parsed?.ok) return parsed.key;
  const detail = 'must be 1 to 255 printable ASCII characters, as in the header';
  throw new Problem(IDEMPOTENCY_KEY_INVALID, `The item’s idempotencyKey ${detail}.`, {
    errors: [{ pointer: '/idempotencyKey', detail }],
  });
}

/** A refusal of one field of the request. */
export function invalid(pointer: string, detail: string): Problem {
  return new Problem(VALIDATION_FAILED, 'One field is not valid.', { errors: [{ pointer, detail }] });
}
