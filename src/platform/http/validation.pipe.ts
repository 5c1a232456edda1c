import { type ArgumentMetadata, Injectable, type ValidationError, ValidationPipe } from '@nestjs/common';
import { VALIDATION_FAILED } from '../../common/problems/http.problems';
import { Problem, type ProblemItem } from '../../common/problems/problem';

class InvalidFields extends Error {
  constructor(readonly errors: readonly ValidationError[]) {
    super('invalid fields');
  }
}

/** Checks bodies and queries against their DTO; what a DTO does not know is refused, not dropped. */
@Injectable()
export class ProblemValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => new InvalidFields(errors),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // a body that is not there is an object without its required fields
    const given = metadata.type === 'body' && (value === undefined || value === null) ? {} : value;
    try {
      return (await super.transform(given, metadata)) as unknown;
    } catch (error) {
      if (!(error instanceof InvalidFields)) throw error;
      const items = itemsOf(error.errors, metadata.type === 'query' ? '?' : '/');
      throw new Problem(
        VALIDATION_FAILED,
        `${items.length === 1 ? 'One field is' : `${items.length} fields are`} not valid.`,
        { errors: items },
      );
    }
  }
}

function itemsOf(errors: readonly ValidationError[], prefix: string): ProblemItem[] {
  return errors.flatMap((error) => {
    const pointer = `${prefix}${error.property.replace(/~/g, '~0').replace(/\//g, '~1')}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      detail: rule === 'whitelistValidation' ? 'This field is not known here.' : message,
    }));
    return [...own, ...itemsOf(error.children ?? [], `${pointer}/`)];
  });
}
