import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { isoCurrency } from '../../common/money/currency';
import { Problem } from '../../common/problems/problem';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type PageQuery } from '../../platform/http/pagination/page.dto';
import { type CreateCurrencyRequest, type CurrencyResponse } from './dto/currency.dto';
import { TenantCurrency } from './entities/currency.entity';
import { CURRENCY_RESERVED } from './transactions.errors';

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
