export const LARGEST = BigInt('9'.repeat(38));

export const total = (amounts: readonly bigint[]) => amounts.reduce((sum, amount) => sum + amount, 0n);

/** Of a decimal text, with a sign or without. */
export function minorOf(text: string, scale: number, refuse: (code: string) => never): bigint {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  if (fraction.length > scale) refuse('amount-precision');
  if (whole !== '0' && whole.length + scale > 38) refuse('amount-out-of-range');
  const amount = BigInt(whole) * 10n ** BigInt(scale) + BigInt(fraction.padEnd(scale, '0') || '0');
  return text.startsWith('-') ? -amount : amount;
}

/** In proportion; what is left over goes, a unit each, to those that lost most by rounding, the earlier of equals first. */
export function sharesOf(amount: bigint, weights: readonly bigint[]): bigint[] {
  const whole = total(weights);
  const shares = weights.map((weight) => (amount * weight) / whole);
  const lost = weights.map((weight) => (amount * weight) % whole);
  for (let short = amount - total(shares); short > 0n; short -= 1n) {
    const place = lost.indexOf(lost.reduce((most, one) => (one > most ? one : most)));
    shares[place] = (shares[place] ?? 0n) + 1n;
    lost[place] = -1n;
  }
  return shares;
}
