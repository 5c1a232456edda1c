import { AMOUNT_PATTERN, SIGNED_AMOUNT_PATTERN } from '../../../common/money/amount';
import { parseInstant } from '../../../common/time/instant';
import { asciiOf, type Check, listOf, objectOf, oneOf, orNull, textUpTo } from '../../../platform/http/surely-valid';
import { DIRECTIONS } from '../core/account';
import { isMetadata } from '../../../common/http/metadata';

const patterned =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);

const isInstant: Check = (value) => parseInstant(value) !== undefined;
const isSigned = patterned(new RegExp(SIGNED_AMOUNT_PATTERN));

// names that Nest and class-transformer drop from an object without a word
const isDropped = (name: string): boolean => name in Object.prototype || name === 'prototype';

function isKeptWhole(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isKeptWhole);
  return Object.entries(value).every(([name, member]) => !isDropped(name) && isKeptWhole(member));
}

const isEntry = objectOf(
  {
    account: asciiOf(1, 255),
    direction: oneOf(...DIRECTIONS),
    amount: patterned(new RegExp(AMOUNT_PATTERN)),
    currency: asciiOf(2, 16),
  },
  {
    ifVersion: (value) => Number.isInteger(value) && (value as number) >= 0,
    ifAvailableAtLeast: isSigned,
    ifAvailableAtMost: isSigned,
  },
);

/**
 * Postings as clients send them, the ordinary ones: for a whole body, or for one of many in a list.
 * @param entriesMax of one posting
 */
export const surelyValidPosting = (entriesMax: number): Check =>
  objectOf(
    { entries: listOf(isEntry, 2, entriesMax) },
    {
      reference: orNull(asciiOf(1, 255)),
      description: orNull(textUpTo(1000)),
      effectiveAt: isInstant,
      status: oneOf('posted', 'pending'),
      expiresAt: isInstant,
      metadata: (value) => isMetadata(value) && isKeptWhole(value),
    },
  );
