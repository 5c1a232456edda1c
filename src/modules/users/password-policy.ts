import { randomInt } from 'node:crypto';

/** AUTH-01: a password that is the only factor has 15 characters or more; there are no rules about their kinds. */
export const PASSWORD_MIN = 15;
export const PASSWORD_MAX = 256;

const PRODUCT_WORDS = ['daybook', 'ledger', 'password', 'passwort', 'welcome', 'letmein', 'secret', 'admin', 'login'];
const SEQUENCES = [
  '01234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop',
  'qwertzuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
];
/** So many characters must be left when everything that an attacker tries first is taken away. */
const REST_MIN = 8;

/** True for what an attacker who knows the product and the person tries first (AUTH-03). Judges a copy: the password itself is never altered. */
export function isGuessable(
  password: string,
  context: { readonly email: string; readonly name: string | null },
): boolean {
  const personal = [
    context.email.split('@')[0] ?? '',
    ...context.email.split(/[@.]/),
    ...(context.name ?? '').split(/\s+/),
  ];
  const words = [...PRODUCT_WORDS, ...personal.map((word) => word.toLowerCase())].filter((word) => word.length >= 3);
  let rest = password.toLowerCase();
  for (const word of words.sort((a, b) => b.length - a.length)) rest = rest.split(word).join('');
  for (const sequence of SEQUENCES)
    rest = withoutRuns(withoutRuns(rest, sequence), Array.from(sequence).reverse().join(''));
  return rest.length < REST_MIN || new Set(rest).size < 5;
}

/** Removes pieces of three or more characters that stand in `sequence` in that order. */
function withoutRuns(text: string, sequence: string): string {
  let kept = '';
  for (let at = 0; at < text.length;) {
    let length = 0;
    while (at + length < text.length && sequence.includes(text.slice(at, at + length + 1))) length += 1;
    if (length < 3) {
      kept += text.slice(at, at + 1);
      at += 1;
    } else at += length;
  }
  return kept;
}

// without letters and digits that are mistaken for each other
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Some 148 bits, in groups that can be read aloud. */
export function randomPassword(): string {
  const group = () => Array.from({ length: 6 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: 5 }, group).join('-');
}
