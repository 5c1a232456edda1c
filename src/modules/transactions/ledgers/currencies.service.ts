import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { formatAmount } from '../../../common/money/amount';
import { type Currency, isoCurrency, type ScaleOf } from '../../../common/money/currency';
import { Problem } from '../../../common/problems/problem';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { type PageQuery } from '../../../platform/http/pagination/page.dto';
import { amountAt } from '../core/amount-at';
import { type StoredLimits, storeLimits } from '../core/limits';
import { fieldRefused } from '../core/refusal';
import { type CreateCurrencyRequest, type CurrencyResponse } from './currency.dto';
import { type CurrencyLimitsRequest, parseLimits } from '../accounts/limits.dto';
import { TenantCurrency } from '../entities/currency.entity';
import { UNKNOWN_CURRENCY } from '../core/refusals.errors';
import { CURRENCY_RESERVED } from './ledgers.errors';
import { type Money, type StoredMoney } from './money.dto';

/** The tenant's currencies. All of its ledgers share them. */
@Injectable()
export class CurrenciesService {
  constructor(
    @InjectRepository(TenantCurrency) private readonly currencies: Repository<TenantCurrency>,
    private readonly cursors: CursorService,
  ) {}

  /** @throws Problem `currency-reserved` for a code of ISO 4217, `conflict` for one that is there */
  async create({ code, scale, name }: CreateCurrencyRequest): Promise<CurrencyResponse> {
    if (isoCurrency(code))
      throw new Problem(CURRENCY_RESERVED, `${code} is an ISO 4217 currency: it needs no definition.`, {
        errors: [{ pointer: '/code', detail: 'must not be a code of ISO 4217' }],
      });
    await this.currencies.insert({ code, scale, name, custom: true });
    return { code, scale, name, custom: true };
  }

  /**
   * Scales by code, for amounts that are to be stored. An ISO 4217 currency that the tenant has not used yet is adopted:
   * from then on its scale is the tenant's, whatever ISO does. A code that is neither is left out.
   */
  async adopt(codes: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const known = await this.scales(codes);
    const fresh = codes.map(isoCurrency).filter((currency) => currency && !known.has(currency.code)) as Currency[];
    if (fresh.length === 0) return known;
    await this.currencies
      .createQueryBuilder()
      .insert()
      .values(fresh.map(({ code, scale, name }) => ({ code, scale, name, custom: false })))
      .orIgnore()
      .execute();
    return this.scales(codes);
  }

  /** Scales of these currencies, those of ISO 4217 that the tenant has not used yet too. */
  async scaleOf(codes: readonly string[]): Promise<ScaleOf> {
    const known = await this.scales(codes);
    return (code) => known.get(code) ?? isoCurrency(code)?.scale;
  }

  /**
   * Money of a request as it is kept. Its currency is adopted, so that the scale of the amount stands.
   * @param pointer where it stands in the body, such as `/total`
   * @throws Problem `unknown-currency`, `amount-precision`, `amount-out-of-range`
   */
  async storedMoney({ amount, currency }: Money, pointer: string): Promise<StoredMoney> {
    const scale = (await this.adopt([currency])).get(currency);
    if (scale === undefined)
      throw fieldRefused(
        UNKNOWN_CURRENCY,
        `${pointer}/currency`,
        `"${currency}" is neither an ISO 4217 currency nor one of this tenant.`,
      );
    return { amount: amountAt(amount, currency, scale, `${pointer}/amount`), currency };
  }

  /** Writes money that is kept, of these currencies. */
  async moneyWriter(currencies: Iterable<string>): Promise<(stored: StoredMoney) => Money> {
    const scaleOf = await this.scaleOf([...new Set(currencies)]);
    return ({ amount, currency }) => ({ amount: formatAmount(amount, scaleOf(currency) ?? 0), currency });
  }

  /**
   * Limits as they are kept. Their currencies are adopted, so that the scale of the amounts stands.
   * @throws Problem those of `parseLimits`
   */
  async storedLimits(request: readonly CurrencyLimitsRequest[]): Promise<StoredLimits[]> {
    const scales = await this.adopt(request.map(({ currency }) => currency));
    return storeLimits(parseLimits(request, (code) => scales.get(code)));
  }

  /** Scales of the currencies that limits are in: they were adopted with them. */
  async scaleOfLimits(rows: readonly { readonly limits: readonly StoredLimits[] }[]): Promise<ScaleOf> {
    const scales = await this.scales(rows.flatMap(({ limits }) => limits.map(({ currency }) => currency)));
    return (code) => scales.get(code);
  }

  /** @throws Problem `unknown-currency`, which points into `/currencies` of the body */
  async assertKnown(codes: readonly string[] | null | undefined): Promise<void> {
    const scaleOf = await this.scaleOf(codes ?? []);
    const index = (codes ?? []).findIndex((code) => scaleOf(code) === undefined);
    if (index === -1) return;
    const detail = `"${codes?.[index]}" is neither an ISO 4217 currency nor one of this tenant.`;
    throw new Problem(UNKNOWN_CURRENCY, detail, {
      errors: [{ pointer: `/currencies/${index}`, detail: 'must be an ISO 4217 code or a currency of this tenant' }],
    });
  }

  /** Scales by code of the currencies that the tenant uses already. */
  async scales(codes: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (codes.length === 0) return new Map();
    const rows = await this.currencies.findBy({ code: In([...codes]) });
    return new Map(rows.map(({ code, scale }) => [code, scale]));
  }

  list(query: PageQuery) {
    return this.cursors.page(
      'currencies',
      query,
      {},
      ({ direction, key, limit }) => {
        const forward = direction === 'next';
        const builder = this.currencies
          .createQueryBuilder('currency')
          .orderBy('currency.code', forward ? 'ASC' : 'DESC')
          .limit(limit + 1);
        if (key) builder.where(`currency.code ${forward ? '>' : '<'} :code`, { code: key[0] });
        return builder.getMany();
      },
      (currency) => [currency.code],
      ({ code, scale, name, custom }): CurrencyResponse => ({ code, scale, name, custom }),
    );
  }
}
