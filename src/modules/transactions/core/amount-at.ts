import { AmountError, parseSignedAmount } from '../../../common/money/amount';
import { AMOUNT_OUT_OF_RANGE, AMOUNT_PRECISION } from './refusals.errors';
import { fieldRefused } from './refusal';

/**
 * An amount of a request in minor units, with its sign.
 * @param pointer where it stands in the body
 * @throws Problem `amount-precision`, `amount-out-of-range`
 */
export function amountAt(text: string, currency: string, scale: number, pointer: string): bigint {
  try {
    return parseSignedAmount(text, scale);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    if (error.reason === 'precision')
      throw fieldRefused(AMOUNT_PRECISION, pointer, `${currency} has ${scale} decimals; "${text}" has more.`);
    throw fieldRefused(AMOUNT_OUT_OF_RANGE, pointer, 'An amount has at most 38 digits in minor units.');
  }
}
