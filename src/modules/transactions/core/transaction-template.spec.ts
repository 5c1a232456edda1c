import { Problem } from '../../../common/problems/problem';
import { readTemplate } from './template-definition';
import { expandTemplate } from './template-expansion';
import { type TemplateDefinition } from './transaction-template';

const scaleOf = (code: string) => ({ EUR: 2, USD: 2, JPY: 0, BHD: 3, POINTS: 0, ETH: 18 })[code];

const amount = (name = 'amount', currency = 'EUR') => ({ name, type: 'amount', currency }) as const;
const text = (name: string) => ({ name, type: 'string' }) as const;
const debit = (account: string, more: object) => ({ direction: 'debit', account, ...more }) as const;
const credit = (account: string, more: object) => ({ direction: 'credit', account, ...more }) as const;

const CARD_PAYMENT: TemplateDefinition = {
  parameters: [amount(), text('seller'), text('order')],
  reference: 'order-{order}',
  description: 'Order {order} of {seller}, {amount} EUR',
  metadata: { order: '{order}', tags: ['card', '{seller}'], attempts: 1, nested: { none: null } },
  entries: [
    debit('psp:clearing', { amount: '{amount}' }),
    {
      direction: 'credit',
      split: 'amount',
      into: [
        { account: 'revenue:fees', percent: '2.9', plus: '0.30' },
        { account: 'sellers:{seller}:payable', amount: 'remainder' },
      ],
    },
  ],
};

/** Entries as lines: `debit cash 1.00 EUR`. */
function expand(definition: TemplateDefinition, parameters: Record<string, unknown>): string[] {
  const { entries } = expandTemplate(readTemplate(definition, scaleOf), parameters, scaleOf);
  return entries.map((entry) => `${entry.direction} ${entry.account} ${entry.amount} ${entry.currency}`);
}

function faultsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem)
      return [error.type.code, ...(error.options.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)];
    throw error;
  }
  return [];
}

describe('expandTemplate', () => {
  it('takes a fee of a percentage and a fixed amount, and gives the rest to the seller', () => {
    expect(
      expandTemplate(readTemplate(CARD_PAYMENT, scaleOf), { amount: '100.00', seller: '7', order: '4711' }, scaleOf),
    ).toEqual({
      entries: [
        { account: 'psp:clearing', direction: 'debit', amount: '100.00', currency: 'EUR' },
        { account: 'revenue:fees', direction: 'credit', amount: '3.20', currency: 'EUR' },
        { account: 'sellers:7:payable', direction: 'credit', amount: '96.80', currency: 'EUR' },
      ],
      reference: 'order-4711',
      description: 'Order 4711 of 7, 100.00 EUR',
      metadata: { order: '4711', tags: ['card', '7'], attempts: 1, nested: { none: null } },
    });
  });

  const split = (into: object[], more: object = {}): TemplateDefinition => ({
    parameters: [amount()],
    entries: [debit('cash', { amount: '{amount}' }), { direction: 'credit', split: 'amount', into, ...more } as never],
  });
  const shares = (definition: TemplateDefinition, value: string) =>
    expand(definition, { amount: value })
      .slice(1)
      .map((line) => line.split(' ').slice(1, 3).join(' '));

  it('REL-11 splits by weight, by largest remainder', () => {
    const three = split(['a', 'b', 'c'].map((account) => ({ account, weight: 1 })));
    expect(shares(three, '100.00')).toEqual(['a 33.34', 'b 33.33', 'c 33.33']);
    expect(shares(three, '0.02')).toEqual(['a 0.01', 'b 0.01']);
    const uneven = split([
      { account: 'fees', percent: '10' },
      { account: 'a', weight: 2 },
      { account: 'b', weight: 1 },
    ]);
    expect(shares(uneven, '100.00')).toEqual(['fees 10.00', 'a 60.00', 'b 30.00']);
    expect(shares(uneven, '0.05')).toEqual(['fees 0.01', 'a 0.03', 'b 0.01']);
  });

  it('REL-11 splits by percentages that sum to the whole, by largest remainder', () => {
    const halves = split([
      { account: 'a', percent: '33.3' },
      { account: 'b', percent: '33.3' },
      { account: 'c', percent: '33.4' },
    ]);
    expect(shares(halves, '0.05')).toEqual(['a 0.02', 'b 0.01', 'c 0.02']);
    expect(shares(halves, '1000.00')).toEqual(['a 333.00', 'b 333.00', 'c 334.00']);
  });

  it('bounds a fee, and leaves out what is zero', () => {
    const bounded = split([
      { account: 'fees', percent: '1.4', plus: '0.10', minimum: '0.25', maximum: '5.00' },
      { account: 'seller', amount: 'remainder' },
    ]);
    expect(shares(bounded, '1.00')).toEqual(['fees 0.25', 'seller 0.75']);
    expect(shares(bounded, '100.00')).toEqual(['fees 1.50', 'seller 98.50']);
    expect(shares(bounded, '9999.00')).toEqual(['fees 5.00', 'seller 9994.00']);
    expect(shares(bounded, '0.25')).toEqual(['fees 0.25']);
  });

  it('keeps exchanges and percentages outside a split exact', () => {
    const exchange: TemplateDefinition = {
      parameters: [
        { name: 'from', type: 'currency' },
        { name: 'to', type: 'currency', default: 'EUR' },
        amount('sold', '{from}'),
        amount('bought', '{to}'),
        { name: 'user', type: 'string' },
      ],
      entries: [
        debit('users:{user}:{from}', { amount: '{sold}' }),
        credit('fx:{from}', { amount: '{sold}', currency: '{from}' }),
        debit('fx:{to}', { amount: '{bought}' }),
        credit('users:{user}:{to}', { amount: '{bought}' }),
        debit('users:{user}:{to}', { percent: '0.5', of: 'bought' }),
        credit('revenue:fx', { percent: '0.5', of: 'bought' }),
      ],
    };
    expect(expand(exchange, { from: 'JPY', sold: '16000', bought: '99', user: 'u1' })).toEqual([
      'debit users:u1:JPY 16000 JPY',
      'credit fx:JPY 16000 JPY',
      'debit fx:EUR 99.00 EUR',
      'credit users:u1:EUR 99.00 EUR',
      'debit users:u1:EUR 0.50 EUR',
      'credit revenue:fx 0.50 EUR',
    ]);
  });

  it('adds tax on top, to the nearest unit, halves up', () => {
    const sale: TemplateDefinition = {
      parameters: [amount('net')],
      entries: [
        debit('cash', { percent: '119', of: 'net' }),
        credit('sales', { amount: '{net}' }),
        credit('tax', { percent: '19', of: 'net' }),
      ],
    };
    expect(expand(sale, { net: '0.50' })).toEqual([
      'debit cash 0.60 EUR',
      'credit sales 0.50 EUR',
      'credit tax 0.10 EUR',
    ]);
    expect(expand(sale, { net: '0.03' })).toEqual([
      'debit cash 0.04 EUR',
      'credit sales 0.03 EUR',
      'credit tax 0.01 EUR',
    ]);
  });

  it('takes amounts that the caller adds up, and says so when they do not', () => {
    const payout: TemplateDefinition = {
      parameters: [amount('gross'), amount('fee'), { ...amount('net'), mayBeZero: true, default: '0.00' }],
      entries: [
        debit('cash', { amount: '{gross}' }),
        credit('fees', { amount: '{fee}' }),
        credit('seller', { amount: '{net}' }),
      ],
    };
    expect(expand(payout, { gross: '10.00', fee: '1.00', net: '9' })).toHaveLength(3);
    expect(expand(payout, { gross: '1.00', fee: '1.00' })).toEqual(['debit cash 1.00 EUR', 'credit fees 1.00 EUR']);
    expect(faultsOf(() => expand(payout, { gross: '10.00', fee: '1.00', net: '8.99' }))).toEqual([
      'unbalanced',
      ...['gross', 'fee', 'net'].map((name) => `/parameters/${name} must add up with the other amounts`),
    ]);
  });

  it('takes accounts by code, by id, and of a pattern', () => {
    const transfer: TemplateDefinition = {
      parameters: [
        amount(),
        { name: 'from', type: 'account' },
        { name: 'to', type: 'account', pattern: 'users:*:wallet', default: 'users:house:wallet' },
      ],
      entries: [debit('{from}', { amount: '{amount}' }), credit('{to}', { amount: '{amount}' })],
    };
    const id = '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02';
    expect(expand(transfer, { amount: '1', from: id })).toEqual([
      `debit ${id} 1.00 EUR`,
      'credit users:house:wallet 1.00 EUR',
    ]);
    expect(faultsOf(() => expand(transfer, { amount: '1', from: 'a/b', to: 'users:7:points' }))).toEqual([
      'template-parameters-invalid',
      '/parameters/from must be the code or the id of an account',
      '/parameters/to must be an account code of users:*:wallet',
    ]);
  });

  const good = { amount: '100.00', seller: '7', order: '4711' };
  it.each<[string, object, ...string[]]>([
    ['a parameter that is missing', { seller: undefined }, '/parameters/seller'],
    ['one that is not there', { 'a/b~c': 'x' }, '/parameters/a~1b~0c'],
    ['a name of every object', { toString: 'x' }, '/parameters/toString'],
    [
      'several at once',
      { seller: 5, order: '', amount: '1e2' },
      '/parameters/amount',
      '/parameters/seller',
      '/parameters/order',
    ],
    ['null', { order: null }, '/parameters/order'],
    ['a number for an amount', { amount: 100 }, '/parameters/amount'],
    ['a negative amount', { amount: '-1.00' }, '/parameters/amount'],
    ['an amount of zero', { amount: '0.00' }, '/parameters/amount'],
    ['too many decimals', { amount: '1.001' }, '/parameters/amount'],
    ['too many digits', { amount: '1'.repeat(37) }, '/parameters/amount'],
    ['less than the fee', { amount: '0.30' }, '/parameters/amount'],
    ['two segments for one', { seller: '7:8' }, '/parameters/seller'],
    ['a segment that is none', { seller: ' 7' }, '/parameters/seller'],
    ['braces in a value', { seller: '{order}' }, '/parameters/seller'],
    ['a code that is too long', { seller: 's'.repeat(240) }, '/parameters/seller'],
    ['a reference that is too long', { order: 'o'.repeat(255) }, '/parameters/order'],
  ])('refuses %s', (_what, change, ...pointers) => {
    const parameters = JSON.parse(JSON.stringify({ ...good, ...change })) as Record<string, unknown>;
    const [code, ...faults] = faultsOf(() => expand(CARD_PAYMENT, parameters));
    expect([code, ...faults.map((fault) => fault.split(' ')[0])]).toEqual(['template-parameters-invalid', ...pointers]);
  });

  it('refuses to make fewer than two entries', () => {
    const tip: TemplateDefinition = {
      parameters: [{ ...amount('tip'), mayBeZero: true, default: '0' }],
      entries: [debit('cash', { amount: '{tip}' }), credit('tips', { amount: '{tip}' })],
    };
    expect(expand(tip, { tip: '1.00' })).toHaveLength(2);
    expect(faultsOf(() => expand(tip, {}))).toEqual([
      'template-parameters-invalid',
      '/parameters leave no two entries above zero',
    ]);
  });

  it('does not expand what a value says', () => {
    const { description } = expandTemplate(
      readTemplate({ ...CARD_PAYMENT, reference: null }, scaleOf),
      { ...good, order: '{seller} $& {{' },
      scaleOf,
    );
    expect(description).toBe('Order {seller} $& {{ of 7, 100.00 EUR');
  });

  it('refuses a currency whose scale a literal does not fit, and one that is unknown', () => {
    const fixed: TemplateDefinition = {
      parameters: [{ name: 'currency', type: 'currency' }],
      entries: [
        debit('a', { amount: '0.50', currency: '{currency}' }),
        credit('b', { amount: '0.50', currency: '{currency}' }),
      ],
    };
    expect(expand(fixed, { currency: 'BHD' })).toEqual(['debit a 0.500 BHD', 'credit b 0.500 BHD']);
    expect(faultsOf(() => expand(fixed, { currency: 'JPY' }))).toEqual([
      'template-parameters-invalid',
      '/parameters/currency "0.50" is no amount of JPY, which has 0 decimals',
    ]);
    expect(faultsOf(() => expand(fixed, { currency: 'XYZ' }))).toEqual([
      'template-parameters-invalid',
      '/parameters/currency is neither an ISO 4217 currency nor one of this tenant: XYZ',
    ]);
  });

  it('refuses what would be more than 38 digits, and metadata that would be too large', () => {
    const huge: TemplateDefinition = {
      parameters: [amount()],
      entries: [debit('a', { percent: '1000', of: 'amount' }), credit('b', { percent: '1000', of: 'amount' })],
    };
    expect(faultsOf(() => expand(huge, { amount: '9'.repeat(36) }))).toEqual([
      'template-parameters-invalid',
      '/parameters come to an amount of more than 38 digits',
    ]);
    const metadata = { all: Array.from({ length: 100 }, () => '{order}') };
    expect(
      faultsOf(() => expand({ ...CARD_PAYMENT, metadata, reference: null }, { ...good, order: 'o'.repeat(200) })),
    ).toEqual(['template-parameters-invalid', '/parameters make the metadata too large']);
  });
});

describe('readTemplate', () => {
  const entries = (...given: object[]): TemplateDefinition => ({
    parameters: [amount(), amount('fee'), amount('dollars', 'USD'), text('user'), { name: 'who', type: 'account' }],
    entries: given as never,
  });
  const first = (entry: object) => entries(debit('cash', { amount: '{amount}' }), entry);
  const into = (...shares: object[]) => first({ direction: 'credit', split: 'amount', into: shares });
  const share = (more: object, account = 'a') => ({ account, ...more });
  const parameter = (given: object): TemplateDefinition => ({
    ...CARD_PAYMENT,
    parameters: [...CARD_PAYMENT.parameters, given as never],
  });

  it.each<[string, TemplateDefinition, string, RegExp]>([
    [
      'an unknown parameter in an amount',
      first(credit('x', { amount: '{amonut}' })),
      '/entries/1/amount',
      /not there: amonut/,
    ],
    [
      'an unknown parameter in an account',
      first(credit('x:{usr}', { amount: '{amount}' })),
      '/entries/1/account',
      /usr/,
    ],
    ['an unknown parameter of a percentage', first(credit('x', { percent: '1', of: 'x' })), '/entries/1/of', /x/],
    ['a percentage of nothing', first(credit('x', { percent: '1' })), '/entries/1/of', /none/],
    ['an unknown parameter to split', first({ direction: 'credit', split: 'x', into: [] }), '/entries/1/split', /x/],
    ['an unknown parameter in the reference', { ...CARD_PAYMENT, reference: '{x}' }, '/reference', /x/],
    [
      'an unknown parameter in the metadata',
      { ...CARD_PAYMENT, metadata: { 'a/b': [{ c: '{x}' }] } },
      '/metadata/a~1b/0/c',
      /x/,
    ],
    ['a lone brace', { ...CARD_PAYMENT, description: 'Order {order' }, '/description', /brace/],
    ['a name twice', parameter(text('order')), '/parameters/3/name', /another/],
    ['a name that is none', parameter(text('Order')), '/parameters/3/name', /small letter/],
    ['an amount without a currency', parameter({ name: 'x', type: 'amount' }), '/parameters/3/currency', /required/],
    ['an unknown currency', parameter(amount('x', 'XYZ')), '/parameters/3/currency', /ISO 4217/],
    [
      'a currency that is no currency',
      parameter(amount('x', '{order}')),
      '/parameters/3/currency',
      /not a parameter of type currency/,
    ],
    ['a pattern of an amount', parameter({ ...amount('x'), pattern: 'a:*' }), '/parameters/3/pattern', /type amount/],
    [
      'a pattern that is none',
      parameter({ name: 'x', type: 'account', pattern: 'a:b*' }),
      '/parameters/3/pattern',
      /pattern/,
    ],
    ['a default of another type', parameter({ ...amount('x'), default: 'much' }), '/parameters/3/default', /decimal/],
    ['a default of zero', parameter({ ...amount('x'), default: '0' }), '/parameters/3/default', /above zero/],
    [
      'a default with too many decimals',
      parameter({ ...amount('x'), default: '0.001' }),
      '/parameters/3/default',
      /2 decimals/,
    ],
    [
      'a default outside the pattern',
      parameter({ name: 'x', type: 'account', pattern: 'a:*', default: 'b' }),
      '/parameters/3/default',
      /a:\*/,
    ],
    [
      'a default currency that is unknown',
      parameter({ name: 'x', type: 'currency', default: 'XYZ' }),
      '/parameters/3/default',
      /ISO/,
    ],
    ['an amount in an account', first(credit('x:{amount}', { amount: '{amount}' })), '/entries/1/account', /amount/],
    [
      'an account in a segment',
      first(credit('x:{who}', { amount: '{amount}' })),
      '/entries/1/account',
      /whole account/,
    ],
    ['a code that is none', first(credit('x::y', { amount: '{amount}' })), '/entries/1/account', /code/],
    ['no account', first({ direction: 'credit', amount: '{amount}' }), '/entries/1/account', /required/],
    [
      'an account beside a split',
      first({ direction: 'credit', account: 'x', split: 'amount', into: [] }),
      '/entries/1/account',
      /split/,
    ],
    ['no amount at all', first(credit('x', {})), '/entries/1', /one of amount, percent, split/],
    ['two ways at once', first(credit('x', { amount: '1', percent: '1' })), '/entries/1', /one of/],
    [
      'a text for an amount',
      first(credit('x', { amount: '{user}' })),
      '/entries/1/amount',
      /not a parameter of type amount/,
    ],
    [
      'something on top of an amount',
      first(credit('x', { amount: '{amount}', plus: '1.00' })),
      '/entries/1/plus',
      /amount/,
    ],
    ['an amount of zero', first(credit('x', { amount: '0.00', currency: 'EUR' })), '/entries/1/amount', /above zero/],
    ['an amount without a currency', first(credit('x', { amount: '1.00' })), '/entries/1/currency', /required/],
    [
      'an amount with too many decimals',
      first(credit('x', { amount: '1.001', currency: 'EUR' })),
      '/entries/1/amount',
      /2 decimals/,
    ],
    [
      'another currency than the parameter',
      first(credit('x', { amount: '{amount}', currency: 'USD' })),
      '/entries/1/currency',
      /EUR/,
    ],
    [
      'a fee in another currency',
      first(credit('x', { percent: '1', of: 'amount', plus: '{dollars}' })),
      '/entries/1/plus',
      /USD/,
    ],
    ['no percentage', first(credit('x', { percent: '0', of: 'amount' })), '/entries/1/percent', /above 0/],
    ['too much of a percentage', first(credit('x', { percent: '1000.1', of: 'amount' })), '/entries/1/percent', /1000/],
    [
      'too fine a percentage',
      first(credit('x', { percent: '0.000000001', of: 'amount' })),
      '/entries/1/percent',
      /8 decimals/,
    ],
    [
      'a maximum below the minimum',
      first(credit('x', { percent: '1', of: 'amount', minimum: '10.00', maximum: '9.00' })),
      '/entries/1/maximum',
      /minimum/,
    ],
    ['one share', into(share({ amount: 'remainder' })), '/entries/1/into', /two shares/],
    [
      'two remainders',
      into(share({ amount: 'remainder' }), share({ amount: 'remainder' })),
      '/entries/1/into',
      /one remainder/,
    ],
    [
      'a remainder beside weights',
      into(share({ amount: 'remainder' }), share({ weight: 2 })),
      '/entries/1/into',
      /one remainder/,
    ],
    [
      '100 percent and a remainder',
      into(share({ percent: '100' }), share({ amount: 'remainder' })),
      '/entries/1/into',
      /leave a part/,
    ],
    [
      '150 percent and a remainder',
      into(share({ percent: '75' }), share({ percent: '75' }), share({ weight: 1 })),
      '/entries/1/into',
      /leave a part/,
    ],
    [
      '99 percent and no remainder',
      into(share({ percent: '50' }), share({ percent: '49' })),
      '/entries/1/into',
      /sum to the whole/,
    ],
    [
      '100 percent and something on top',
      into(share({ percent: '50' }), share({ percent: '50', plus: '1.00' })),
      '/entries/1/into',
      /sum to the whole/,
    ],
    [
      'amounts and no remainder',
      into(share({ amount: '1.00' }), share({ amount: '{fee}' })),
      '/entries/1/into',
      /sum to the whole/,
    ],
    ['a share of nothing', into(share({}), share({ amount: 'remainder' })), '/entries/1/into/0', /one of/],
    [
      'a remainder with something on top',
      into(share({ amount: 'remainder', plus: '1.00' }), share({ percent: '1' })),
      '/entries/1/into/0/plus',
      /amount/,
    ],
    [
      'a remainder that is no share',
      first(credit('x', { amount: 'remainder', currency: 'EUR' })),
      '/entries/1/amount',
      /decimal/,
    ],
    ['one entry', entries(debit('cash', { amount: '{amount}' })), '/entries', /2 to 1000/],
  ])('refuses %s', (_what, definition, pointer, detail) => {
    const [code, ...faults] = faultsOf(() => readTemplate(definition, scaleOf));
    expect(code).toBe('template-invalid');
    expect(faults.map((fault) => fault.split(' ')[0])).toContain(pointer);
    expect(faults.join('\n')).toMatch(detail);
  });

  it.each<[string, object[], RegExp]>([
    ['debits only', [debit('a', { amount: '{amount}' }), debit('b', { amount: '{amount}' })], /EUR differ/],
    [
      'different fixed amounts',
      [debit('a', { amount: '5.00', currency: 'EUR' }), credit('b', { amount: '4.99', currency: 'EUR' })],
      /EUR differ$/,
    ],
    [
      'one side in another currency',
      [debit('a', { amount: '{amount}' }), credit('b', { amount: '{dollars}' })],
      /EUR differ/,
    ],
    [
      'less than the whole',
      [debit('a', { amount: '{amount}' }), credit('b', { percent: '97.1', of: 'amount' })],
      /one amount at the most/,
    ],
    [
      'a parameter and a fixed amount',
      [debit('a', { amount: '{amount}' }), credit('b', { amount: '5.00', currency: 'EUR' })],
      /one amount/,
    ],
    [
      'two parameters on one side',
      [debit('a', { amount: '{amount}' }), debit('a', { amount: '{fee}' })],
      /EUR differ$/,
    ],
    [
      'percentages that are rounded apart',
      [
        debit('a', { percent: '20', of: 'amount' }),
        credit('b', { percent: '10', of: 'amount' }),
        credit('c', { percent: '10', of: 'amount' }),
      ],
      /use a split/,
    ],
    [
      'a fee that one side bounds',
      [debit('a', { percent: '2', of: 'amount', maximum: '5.00' }), credit('b', { percent: '2', of: 'amount' })],
      /EUR differ/,
    ],
  ])('refuses what cannot balance: %s', (_what, given, detail) => {
    expect(faultsOf(() => readTemplate(entries(...given), scaleOf))).toEqual([
      'template-invalid',
      expect.stringMatching(detail),
    ]);
  });

  it('takes equal amounts however they are written', () => {
    for (const given of [
      [debit('a', { amount: '5', currency: 'EUR' }), credit('b', { amount: '5.00', currency: 'EUR' })],
      [
        debit('a', { percent: '200', of: 'amount' }),
        credit('b', { amount: '{amount}' }),
        credit('c', { amount: '{amount}' }),
      ],
      [
        debit('a', { percent: '2', of: 'amount', maximum: '5.00' }),
        credit('b', { percent: '2', of: 'amount', maximum: '5.00' }),
      ],
      [
        debit('a', { percent: '2', of: 'amount', plus: '1.00' }),
        credit('b', { percent: '2', of: 'amount' }),
        credit('c', { amount: '1', currency: 'EUR' }),
      ],
    ])
      expect(faultsOf(() => readTemplate(entries(...given), scaleOf))).toEqual([]);
  });

  it('says everything that is wrong at once', () => {
    const definition = { ...CARD_PAYMENT, parameters: [amount('amount', 'XYZ'), text('seller')], reference: '}' };
    expect(faultsOf(() => readTemplate(definition, scaleOf)).map((fault) => fault.split(' ')[0])).toEqual([
      'template-invalid',
      '/parameters/0/currency',
      '/reference',
    ]);
  });

  it('asks for no currencies when it is read again', () => {
    expect(
      readTemplate({ ...CARD_PAYMENT, parameters: [amount('amount', 'OLD'), text('seller'), text('order')] }).lines,
    ).toHaveLength(2);
  });
});
