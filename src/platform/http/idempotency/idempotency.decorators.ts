import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiHeader } from '@nestjs/swagger';

export type IdempotencyPolicy = 'required' | 'optional' | 'none';
export const IDEMPOTENCY = 'daybook:idempotency';

/** Without it a POST in a transaction asks for `Idempotency-Key`. `optional`: honoured when sent. */
export const Idempotent = (policy: IdempotencyPolicy) =>
  policy === 'none'
    ? // the check of the API description wants a POST to say one or the other
      applyDecorators(SetMetadata(IDEMPOTENCY, policy), ApiExtension('x-idempotency', policy))
    : applyDecorators(
        SetMetadata(IDEMPOTENCY, policy),
        ApiHeader({
          name: 'Idempotency-Key',
          required: policy === 'required',
          description: 'A new value per intention, the same one on retries: 1 to 255 printable ASCII characters.',
          schema: { type: 'string', minLength: 1, maxLength: 255, examples: ['order-4711-paid'] },
        }),
      );
