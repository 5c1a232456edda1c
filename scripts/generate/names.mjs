import { Problem } from '../setup/problem.mjs';

/** `purchase-orders` in the forms in which a module says it. */
export function namesOf(plural, singular = singularOf(plural)) {
  for (const name of [plural, singular])
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40)
      throw new Problem(`"${name}" is no name for a module: lower case with hyphens, such as purchase-orders.`);
  if (plural === singular)
    throw new Problem(`The module is named by what it has many of: say both, as in \`staff --singular staff-member\`.`);
  return {
    plural,
    singular,
    Plural: pascal(plural),
    Singular: pascal(singular),
    pluralCamel: camel(plural),
    singularCamel: camel(singular),
    table: plural.replaceAll('-', '_'),
    /** For people. */
    words: plural.replaceAll('-', ' '),
    word: singular.replaceAll('-', ' '),
    a: /^[aeio]/.test(singular) ? 'an' : 'a',
    constant: singular.replaceAll('-', '_').toUpperCase(),
  };
}

function singularOf(plural) {
  if (/ies$/.test(plural)) return plural.replace(/ies$/, 'y');
  if (/(s|x|z|ch|sh)es$/.test(plural)) return plural.replace(/es$/, '');
  return plural.replace(/s$/, '');
}

const pascal = (name) => name.replace(/(^|-)(.)/g, (_, _hyphen, letter) => letter.toUpperCase());
const camel = (name) => pascal(name).replace(/^./, (letter) => letter.toLowerCase());
export const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
