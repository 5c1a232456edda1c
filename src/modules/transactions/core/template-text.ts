/** Name of a template's parameter. */
export const PARAMETER_NAME = /^[a-z][A-Za-z0-9_]{0,39}$/;

const REFERENCE = /\{([a-z][A-Za-z0-9_]{0,39})\}/g;

/**
 * Names of the parameters in a text, in order: `users:{user}:wallet` has "user". Undefined when a brace is left that
 * belongs to none; there is no way to write one, because nothing in a ledger needs it.
 */
export function parametersIn(text: string): string[] | undefined {
  if (/[{}]/.test(text.replace(REFERENCE, ''))) return undefined;
  return [...text.matchAll(REFERENCE)].map(([, name = '']) => name);
}

/** The text with the values of its parameters. */
export function fillIn(text: string, valueOf: (parameter: string) => string): string {
  return text.replace(REFERENCE, (_reference, name: string) => valueOf(name));
}

/** The parameter that is the whole of a text: "amount" for `{amount}`. */
export function soleParameter(text: string): string | undefined {
  return /^\{([a-z][A-Za-z0-9_]{0,39})\}$/.exec(text)?.[1];
}
