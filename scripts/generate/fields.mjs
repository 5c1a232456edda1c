import { Problem } from '../setup/problem.mjs';
import { snake } from './names.mjs';

/**
 * What a field of a type is in each place. `column`: type and check in SQL; `entity`: its TypeScript type; `rules`: of the
 * request; `sample(n)`: TypeScript of a valid value, another for each n where it can be; `wrong`: of one that is refused.
 */
const TYPES = {
  string: {
    sql: 'text',
    check: (column) => `char_length(${column}) BETWEEN 1 AND 200`,
    entity: 'string',
    property: ['minLength: 1', 'maxLength: 200'],
    rules: ['@IsString()', '@Length(1, 200)'],
    validators: ['IsString', 'Length'],
    example: (name) => `'${words(name)} 1'`,
    sample: (name) => `\`${words(name)} \${n}\``,
    wrong: `''`,
  },
  text: {
    sql: 'text',
    check: (column) => `char_length(${column}) <= 5000`,
    entity: 'string',
    property: ['maxLength: 5000'],
    rules: ['@IsString()', '@MaxLength(5000)'],
    validators: ['IsString', 'MaxLength'],
    example: () => `'What there is to say.'`,
    sample: () => '`What there is to say of ${n}.`',
    wrong: '7',
  },
  integer: {
    sql: 'integer',
    entity: 'number',
    property: [`type: 'integer'`, 'minimum: -2147483648', 'maximum: 2147483647'],
    rules: ['@IsInt()', '@Min(-2147483648)', '@Max(2147483647)'],
    validators: ['IsInt', 'Max', 'Min'],
    example: () => '7',
    sample: () => 'n',
    wrong: '1.5',
  },
  boolean: {
    sql: 'boolean',
    entity: 'boolean',
    property: [],
    rules: ['@IsBoolean()'],
    validators: ['IsBoolean'],
    example: () => 'true',
    sample: () => 'n % 2 === 0',
    wrong: `'yes'`,
  },
  date: {
    sql: 'date',
    entity: 'string',
    property: [`format: 'date'`],
    rules: ['@IsCalendarDate()'],
    door: ['IsCalendarDate'],
    example: () => `'2026-11-21'`,
    sample: () => `new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10)`,
    wrong: `'2026-02-30'`,
  },
  instant: {
    sql: 'timestamptz',
    entity: 'Date',
    request: 'string',
    property: [`format: 'date-time'`],
    rules: ['@IsInstant()'],
    door: ['IsInstant'],
    example: () => `'2026-11-21T10:15:00.000Z'`,
    sample: () => `new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString()`,
    wrong: `'tomorrow'`,
  },
  uuid: {
    sql: 'uuid',
    entity: 'string',
    property: [`format: 'uuid'`],
    rules: ['@IsUUID()'],
    validators: ['IsUUID'],
    example: () => `'019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01'`,
    sample: () => `\`019ab3c4-7d10-7c11-8a52-\${String(n).padStart(12, '0')}\``,
    wrong: `'7'`,
  },
  money: {
    example: () => `{ amount: '25.00', currency: 'EUR' }`,
    sample: () => "{ amount: `${n}.00`, currency: 'EUR' }",
    wrong: `{ amount: '1,50', currency: 'EUR' }`,
    request: 'Money',
    door: ['Money'],
  },
};

const TAKEN = new Set(['id', 'tenantId', 'version', 'createdAt', 'updatedAt', 'constructor', 'toString', 'valueOf']);
/** What PostgreSQL would take for something else. */
const RESERVED = new Set(
  'all,and,any,array,as,asc,both,case,cast,check,collate,column,constraint,create,current_date,default,desc,distinct,do,else,end,except,false,fetch,for,foreign,from,grant,group,having,in,initially,intersect,into,lateral,leading,limit,not,null,offset,on,only,or,order,placing,primary,references,returning,select,some,symmetric,table,then,to,trailing,true,union,unique,user,using,variadic,when,where,window,with'.split(
    ',',
  ),
);

/**
 * Reads `number:string:unique, total:money, note:text?`.
 * @throws Problem that says which field is wrong, and what there is
 */
export function fieldsOf(text) {
  const fields = text
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '')
    .map(fieldOf);
  const twice = fields.find(({ name }, place) => fields.findIndex((other) => other.name === name) !== place);
  if (twice) throw new Problem(`There are two fields named "${twice.name}".`);
  if (fields.length === 0) throw new Problem('A module has at least one field: --fields "name:string".');
  if (fields.every(({ optional }) => optional)) throw new Problem('At least one field is needed that is not optional.');
  return fields;
}

function fieldOf(text) {
  const [name, kind = '', ...marks] = text.split(':').map((part) => part.trim());
  const optional = kind.endsWith('?') || marks.at(-1) === '?';
  const type = kind.replace(/\?$/, '');
  const say = (what) => new Problem(`The field "${text}" ${what}. Fields look like number:string:unique, note:text?`);
  if (!/^[a-z][a-zA-Z0-9]{0,39}$/.test(name)) throw say('needs a name in camelCase');
  if (TAKEN.has(name)) throw say('has a name that every record has already');
  if (RESERVED.has(snake(name))) throw say('has a name that means something else in SQL');
  if (!Object.hasOwn(TYPES, type)) throw say(`needs a type: ${Object.keys(TYPES).join(', ')}`);
  const unique = marks.includes('unique');
  const odd = marks.find((mark) => mark !== 'unique' && mark !== '?');
  if (odd !== undefined) throw say(`has "${odd}", and only "unique" may follow the type`);
  if (unique && !['string', 'integer', 'uuid', 'date'].includes(type)) throw say('cannot be unique');
  const spec = TYPES[type];
  return {
    name,
    type,
    optional,
    unique,
    column: snake(name),
    label: words(name),
    ...spec,
    request: spec.request ?? spec.entity,
    example: spec.example(name),
    sample: spec.sample(name),
  };
}

const words = (name) =>
  snake(name)
    .replaceAll('_', ' ')
    .replace(/^./, (letter) => letter.toUpperCase());
