import { type ArgumentMetadata, Injectable, type PipeTransform, ValidationPipe } from '@nestjs/common';
import { getMetadataStorage, ValidationError, ValidationTypes, type ValidatorOptions } from 'class-validator';
import { NOT_FOUND, VALIDATION_FAILED } from '../../common/problems/http.problems';
import { Problem, type ProblemItem } from '../../common/problems/problem';
import { isSurelyValid } from './surely-valid';

const UNKNOWN_FIELD = 'This field is not known here.';

class InvalidFields extends Error {
  constructor(readonly errors: readonly ValidationError[]) {
    super('invalid fields');
  }
}

/** Checks bodies and queries against their DTO; what a DTO does not know is refused, not dropped. */
@Injectable()
export class ProblemValidationPipe implements PipeTransform {
  private readonly closely = new CloseLook();

  /** @returns a promise only where class-validator has to look */
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    // what a decorator of ours makes of the request is not the caller's
    if (metadata.type === 'custom') return value;
    if (isSurelyValid(metadata.metatype, value)) return value;
    if (metadata.type === 'param' && metadata.metatype === String && typeof value === 'string' && !value.includes('\0'))
      return value;
    return this.closely.transform(value, metadata);
  }
}

class CloseLook extends ValidationPipe {
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
    refuseShape(given, metadata);
    try {
      return (await super.transform(given, metadata)) as unknown;
    } catch (error) {
      if (!(error instanceof InvalidFields)) throw error;
      throw invalid(itemsOf(error.errors, metadata.type === 'query' ? '?' : '/'));
    }
  }

  protected override async validate(object: object, options?: ValidatorOptions): Promise<ValidationError[]> {
    const misshapen = misshapenIn(object);
    return misshapen.length > 0 ? misshapen : super.validate(object, options);
  }
}

/** What no DTO can be made of, and what PostgreSQL cannot be asked for. */
function refuseShape(value: unknown, { type }: ArgumentMetadata): void {
  if (type === 'body' && (typeof value !== 'object' || Array.isArray(value)))
    throw invalid([{ pointer: '', detail: 'must be a JSON object' }]);
  if (type === 'body' && value !== null) {
    const names = methodNamesIn(value as object, '');
    if (names.length > 0) throw invalid(names.map((pointer) => ({ pointer, detail: UNKNOWN_FIELD })));
  }
  if (type === 'param' && typeof value === 'string' && value.includes('\0'))
    throw new Problem(NOT_FOUND, 'Nothing has this name.');
  if (type === 'query' && typeof value === 'object' && value !== null) {
    const names = Object.entries(value).filter(([name, text]) => `${name} ${String(text)}`.includes('\0'));
    if (names.length > 0)
      throw invalid(names.map(([name]) => ({ pointer: `?${name}`, detail: 'must not have the character U+0000' })));
  }
}

/** Fields named like methods that every object has, such as `toString`: class-transformer drops them and says nothing. */
function methodNamesIn(value: object, path: string): string[] {
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    if (!Array.isArray(value) && name in Object.prototype) return [`${path}/${name}`];
    // objects of a caller's own, such as metadata, may have any names
    return Array.isArray(member) || (Array.isArray(value) && isObject(member))
      ? methodNamesIn(member, `${path}/${name}`)
      : [];
  });
}

const nestedProperties = new WeakMap<object, ReadonlySet<string>>();

/** Properties that hold other DTOs. */
function nestedIn(dto: new () => object): ReadonlySet<string> {
  let names = nestedProperties.get(dto);
  if (!names) {
    const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
    names = new Set(
      rules.filter(({ type }) => type === ValidationTypes.NESTED_VALIDATION).map(({ propertyName }) => propertyName),
    );
    nestedProperties.set(dto, names);
  }
  return names;
}

/** Arrays where one object belongs: class-validator looks at what is in them instead. */
function misshapenIn(object: object): ValidationError[] {
  const dto = (Object.getPrototypeOf(object) as { constructor: new () => object }).constructor;
  const errors: ValidationError[] = [];
  for (const name of nestedIn(dto)) {
    const value = (object as Record<string, unknown>)[name];
    const children = Array.isArray(value) ? value.flatMap(misshapenItem) : isObject(value) ? misshapenIn(value) : [];
    if (children.length > 0) errors.push(errorAt(name, { children }));
  }
  return errors;
}

function misshapenItem(item: unknown, index: number): ValidationError[] {
  if (Array.isArray(item)) return [errorAt(String(index), { constraints: { nestedValidation: 'must be an object' } })];
  const children = isObject(item) ? misshapenIn(item) : [];
  return children.length > 0 ? [errorAt(String(index), { children })] : [];
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const errorAt = (property: string, rest: Partial<ValidationError>): ValidationError =>
  Object.assign(new ValidationError(), { property, ...rest });

function invalid(errors: readonly ProblemItem[]): Problem {
  const count = errors.length === 1 ? 'One field is' : `${errors.length} fields are`;
  return new Problem(VALIDATION_FAILED, `${count} not valid.`, { errors });
}

function itemsOf(errors: readonly ValidationError[], prefix: string): ProblemItem[] {
  return errors.flatMap((error) => {
    const pointer = `${prefix}${error.property.replace(/~/g, '~0').replace(/\//g, '~1')}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      detail: rule === 'whitelistValidation' ? UNKNOWN_FIELD : message,
    }));
    return [...own, ...itemsOf(error.children ?? [], `${pointer}/`)];
  });
}
