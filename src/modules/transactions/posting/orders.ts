import { uuidv7 } from '../../../common/ids/uuid';
import { VALIDATION_FAILED } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { parseInstant } from '../../../common/time/instant';
import { type Expansion } from '../core/template-expansion';
import { type Capture, type Part, type Posting, type Reversal, type Void } from '../core/orders';
import {
  type CaptureRequest,
  type PostTransactionRequest,
  type RecordRequest,
  type ReverseRequest,
  type VoidRequest,
} from './transaction.dto';

/*
 * What the engine is asked to do, from what came in. Each order gets its id here, so that a batch that is run again
 * records the same one.
 */

/** What a template came to. */
export interface FromTemplate {
  readonly id: string;
  readonly expansion: Expansion;
}

/** @throws Problem `validation-failed` */
export function postingOf(request: PostTransactionRequest, createdBy: string, made?: FromTemplate): Posting {
  const pending = request.status === 'pending';
  if (!pending && request.expiresAt !== undefined)
    throw invalid('/expiresAt', 'must be left out unless the status is pending');
  return {
    ...headOf(request, createdBy, made?.expansion),
    kind: 'posting',
    pending,
    expiresAt: request.expiresAt === undefined ? null : (parseInstant(request.expiresAt) ?? null),
    templateId: made?.id ?? null,
    entries: made?.expansion.entries ?? request.entries ?? [],
  };
}

/** @throws Problem `validation-failed` */
export function captureOf(holdId: string, request: CaptureRequest, createdBy: string): Capture {
  const { releaseRest = false } = request;
  return { ...headOf(request, createdBy), kind: 'capture', parentId: holdId, part: partOf(request), releaseRest };
}

export function voidOf(holdId: string, request: VoidRequest, createdBy: string): Void {
  return { ...headOf(request, createdBy), kind: 'void', parentId: holdId };
}

/** @throws Problem `validation-failed` */
export function reversalOf(originalId: string, request: ReverseRequest, createdBy: string): Reversal {
  return { ...headOf(request, createdBy), kind: 'reversal', parentId: originalId, part: partOf(request) };
}

/** What the request says, and where it says nothing, what its template does. */
function headOf(request: RecordRequest, createdBy: string, template?: Expansion) {
  return {
    id: uuidv7(),
    reference: request.reference ?? template?.reference ?? null,
    description: request.description ?? template?.description ?? null,
    effectiveAt: request.effectiveAt === undefined ? undefined : parseInstant(request.effectiveAt),
    createdBy,
    metadata: template ? { ...template.metadata, ...request.metadata } : (request.metadata ?? {}),
  };
}

function partOf({ amount, entries }: CaptureRequest | ReverseRequest): Part {
  if (amount !== undefined && entries !== undefined)
    throw invalid('/entries', 'must be left out when there is an amount, or the amount when there are entries');
  if (amount !== undefined) return { kind: 'amount', amount };
  return entries === undefined ? { kind: 'whole' } : { kind: 'entries', entries };
}

function invalid(pointer: string, detail: string): Problem {
  return new Problem(VALIDATION_FAILED, 'The request is not valid; see errors.', { errors: [{ pointer, detail }] });
}
