/** Says yes only to a value that is right beyond doubt. No means "look closer", not "wrong". */
export type Check = (value: unknown) => boolean;

const checks = new WeakMap<object, Check>();

/**
 * Bodies and queries that `check` is sure of are handed to the controller as they came; all others are looked at by class-validator,
 * which also says what is wrong with them. That takes some twenty times as long, so it is for the DTOs of busy routes.
 *
 * What `check` accepts must be what the DTO's decorators accept, and what class-transformer makes an equal object of: a
 * property test holds each to that.
 */
export const SurelyValidIf =
  (check: Check): ClassDecorator =>
  (dto) =>
    void checks.set(dto, check);

export function isSurelyValid(dto: object | undefined, value: unknown): boolean {
  return dto !== undefined && checks.get(dto)?.(value) === true;
}

/**
 * An object that has all of `required`, maybe some of `optional`, and nothing else. A field that a DTO gets later is not
 * known here, so bodies that have it are left to class-validator until it is added.
 */
export function objectOf(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  const fields = new Map(Object.entries({ ...required, ...optional }));
  const names = Object.keys(required);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const object = value as Record<string, unknown>;
    for (const name in object) if (fields.get(name)?.(object[name]) !== true) return false;
    for (const name of names) if (!Object.hasOwn(object, name)) return false;
    return true;
  };
}

export const listOf =
  (item: Check, least: number, most: number): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) return false;
    // by index, so that a hole is looked at as the undefined it reads as
    for (let index = 0; index < value.length; index++) if (!item(value[index])) return false;
    return true;
  };

export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

/** A text of printable ASCII, of which every library counts the same length. */
export const asciiOf = (least: number, most: number): Check => {
  const pattern = new RegExp(`^[ -~]{${least},${most}}$`);
  return (value) => typeof value === 'string' && pattern.test(value);
};

/** A text of at most so many UTF-16 code units; class-validator may count fewer. */
export const textUpTo =
  (most: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= most;

export const oneOf = (...values: readonly unknown[]): Check => {
  const set = new Set(values);
  return (value) => set.has(value);
};
