import { ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { parseInstant } from '../../../common/time/instant';

/** A moment with its zone, as `parseInstant` reads it. */
@ValidatorConstraint({ name: 'isInstant' })
export class IsInstant implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return parseInstant(value) !== undefined;
  }

  defaultMessage(): string {
    return 'must be an instant with a zone, such as 2026-12-01T02:00:00Z';
  }
}
