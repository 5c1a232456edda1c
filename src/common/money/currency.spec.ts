import {
  CUSTOM_CURRENCY_CODE,
  ISO_4217,
  ISO_4217_AS_OF,
  ISO_4217_WITHOUT_MINOR_UNIT,
  isoCurrency,
  MAX_SCALE,
} from './currency';

const codesOfScale = (scale: number): string[] =>
  [...ISO_4217.values()].filter((currency) => currency.scale === scale).map((currency) => currency.code);

describe('the ISO 4217 table (API-16, F20)', () => {
  it('holds the 178 active codes of the list of 2026-01-01, 13 of them without a minor unit', () => {
    expect(ISO_4217_AS_OF).toBe('2026-01-01');
    expect(ISO_4217.size).toBe(165);
    expect(ISO_4217_WITHOUT_MINOR_UNIT.size).toBe(13);
  });

  it("F20 has the standard's exponents, not the runtime's", () => {
    expect(codesOfScale(0).join(' ')).toBe('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF');
    expect(codesOfScale(3).join(' ')).toBe('BHD IQD JOD KWD LYD OMR TND');
    expect(codesOfScale(4).join(' ')).toBe('CLF UYW');
    expect(codesOfScale(2)).toHaveLength(165 - 17 - 7 - 2);
  });

  it.each(['RSD', 'UZS', 'LAK', 'MMK', 'COP', 'IDR', 'PKR', 'HUF', 'TWD'])('F20 counts %s in hundredths', (code) => {
    expect(isoCurrency(code)?.scale).toBe(2);
  });

  it.each(['SLE', 'VED', 'VES', 'ZWG', 'XCG', 'XAD', 'BYN', 'MRU', 'STN'])('knows %s, a recent code', (code) => {
    expect(isoCurrency(code)?.code).toBe(code);
  });

  it.each(['HRK', 'SLL', 'ANG', 'BGN', 'CUC', 'ZWL', 'VEF', 'BYR', 'MRO', 'STD', 'LTL', 'DEM'])(
    'does not know %s, which is withdrawn',
    (code) => {
      expect(isoCurrency(code)).toBeUndefined();
    },
  );

  it.each(['XAU', 'XAG', 'XPT', 'XPD', 'XDR', 'XTS', 'XXX'])('offers no scale for %s, which has none', (code) => {
    expect(ISO_4217_WITHOUT_MINOR_UNIT.has(code)).toBe(true);
    expect(isoCurrency(code)).toBeUndefined();
    expect(code).toMatch(CUSTOM_CURRENCY_CODE);
  });

  it('is well formed: keys, unique numeric codes, names', () => {
    const numerics = new Set<string>();
    for (const [code, currency] of ISO_4217) {
      expect(currency.code).toBe(code);
      expect(code).toMatch(/^[A-Z]{3}$/);
      expect(currency.numeric).toMatch(/^\d{3}$/);
      expect(currency.name.trim()).not.toBe('');
      expect(currency.scale).toBeLessThanOrEqual(MAX_SCALE);
      numerics.add(currency.numeric);
    }
    for (const [code, { numeric }] of ISO_4217_WITHOUT_MINOR_UNIT) {
      expect(ISO_4217.has(code)).toBe(false);
      numerics.add(numeric);
    }
    expect(numerics.size).toBe(178);
  });

  it('tells funds from money', () => {
    const funds = [...ISO_4217.values()].filter((currency) => currency.isFund).map((currency) => currency.code);
    expect(funds).toEqual(expect.arrayContaining(['BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'UYI']));
    expect(ISO_4217.get('EUR')).toEqual({ code: 'EUR', numeric: '978', scale: 2, name: 'Euro', isFund: false });
  });

  it('cannot be changed by who reads it', () => {
    expect(() => Object.assign(ISO_4217.get('EUR') ?? {}, { scale: 3 })).toThrow(TypeError);
  });

  it.each(['eur', 'EUR ', '', 'EURO', '__proto__', 'constructor'])('does not know %p', (code) => {
    expect(isoCurrency(code)).toBeUndefined();
  });
});

describe('CUSTOM_CURRENCY_CODE', () => {
  it.each(['BTC', 'ETH', 'POINTS', 'USD.E', '1INCH', 'A1', 'ABCDEFGHIJKLMNOP'])('accepts %s', (code) => {
    expect(code).toMatch(CUSTOM_CURRENCY_CODE);
  });
  it.each(['A', 'btc', 'ABCDEFGHIJKLMNOPQ', 'A B', 'A-B', 'BTC\n', ''])('refuses %p', (code) => {
    expect(code).not.toMatch(CUSTOM_CURRENCY_CODE);
  });
});
