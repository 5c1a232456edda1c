import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength, ValidateBy, ValidateIf, type ValidationOptions } from 'class-validator';
import { parseDate, parseInstant } from '../../common/time/instant';
import { isMetadata, METADATA_BYTES, METADATA_DEPTH, METADATA_KEYS } from '../../common/http/metadata';

/** May be left out, but not null: `IsOptional` takes null for nothing, and so it would reach columns that have a value. */
export const MayBeAbsent = () => ValidateIf((_object, value: unknown) => value !== undefined);

/** A JSON object of the caller's own, bounded so that rows stay small. */
export const IsMetadata = (options?: ValidationOptions) =>
  ValidateBy(
    {
      name: 'isMetadata',
      validator: {
        validate: isMetadata,
        defaultMessage: () =>
          `$property must be an object of at most ${METADATA_KEYS} keys, ${METADATA_DEPTH} levels and ${METADATA_BYTES} bytes`,
      },
    },
    options,
  );

/** RFC 3339 with a time zone, to the millisecond. */
export const IsInstant = (options?: ValidationOptions) =>
  ValidateBy(
    {
      name: 'isInstant',
      validator: {
        validate: (value: unknown) => parseInstant(value) !== undefined,
        defaultMessage: () => '$property must be an RFC 3339 time with a time zone, such as 2026-11-21T10:15:00Z',
      },
    },
    options,
  );

/** A day of the calendar, without a time: RFC 3339 full-date. */
export const IsCalendarDate = (options?: ValidationOptions) =>
  ValidateBy(
    {
      name: 'isCalendarDate',
      validator: {
        validate: (value: unknown) => parseDate(value) !== undefined,
        defaultMessage: () => '$property must be a day of the calendar, such as 2026-11-21',
      },
    },
    options,
  );

/** A decimal string in the given form; how many decimals it may have depends on the currency. */
export const IsAmount = (pattern: string, example: string) =>
  applyDecorators(
    IsString({ message: `$property must be a decimal string, such as "${example}"` }),
    MaxLength(60),
    Matches(new RegExp(pattern), {
      message: `$property must be a decimal string, such as "${example}": no exponent, space or leading zero`,
    }),
  );
