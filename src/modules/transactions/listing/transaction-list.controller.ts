import { Controller, Head, Res, Get, Query } from '@nestjs/common';
import { ApiTags, ApiOperation, ApiOkResponse } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { ApiProblems } from '../../../platform/http/api-problems';
import { ApiTotalCount, setTotalCount } from '../../../platform/http/pagination/total-count';
import { UuidParam } from '../../../platform/http/uuid-param';
import { Keeps, RequirePermission } from '../../../platform/security/access.decorators';
import { TRANSACTION_NOT_FOUND } from '../core/refusals.errors';
import { LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { TransactionPage, TransactionResponse } from '../posting/transaction.response.dto';
import { TransactionList } from './transaction-list';
import { TransactionFilterQuery } from './transaction-query.dto';

const LIST_DESCRIPTION = `All filters that are given must be met; ranges are from (included) to (not included), those of amounts include both.

One filter decides how the list is found and in which order it comes, the first of these that is given:

1. \`reference\`
2. \`referencePrefix\`: by reference
3. \`metadataKey\` and \`metadataValue\`: newest first
4. \`account\`, \`accountPrefix\`, \`currency\` without an amount: newest first
5. \`status\`, then \`kind\`, except \`posted\` and \`posting\`: newest first
6. \`amountFrom\`, \`amountTo\`: by amount, smallest first
7. \`effectiveFrom\`, \`effectiveTo\`: latest first
8. \`createdFrom\`, \`createdTo\`, or none: newest first

The others are asked of each transaction that it finds: the more it narrows down, the faster the answer. Where tens of thousands do not meet them, a page comes with fewer items than \`limit\`, or none, and \`next\` goes on from there: only a \`next\` of null is the end. An account that is not there has no transactions.

An amount range is about debits: one debit of the transaction is in it. With an account or a prefix the list comes newest first all the same.

HEAD counts with the same filters.`;

@ApiTags('Transactions')
@Controller('ledgers/:ledgerId/transactions')
export class TransactionListController {
  constructor(private readonly transactionList: TransactionList) {}

  // before the list itself, whose handler would answer HEAD too
  @Head()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    operationId: 'transactionsCount',
    summary: 'Count transactions',
    description: 'With the filters of the list.',
  })
  @ApiTotalCount()
  async count(
    @UuidParam('ledgerId') ledgerId: string,
    @Query() query: TransactionFilterQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    setTotalCount(reply, await this.transactionList.count(ledgerId, query));
  }

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ operationId: 'transactionsList', summary: 'List transactions', description: LIST_DESCRIPTION })
  @ApiOkResponse({ type: TransactionPage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: TransactionFilterQuery): Promise<TransactionPage> {
    return this.transactionList.page(ledgerId, query);
  }

  @Get(':transactionId')
  @Keeps('accounts')
  @ApiProblems(TRANSACTION_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    operationId: 'transactionsGet',
    summary: 'Read a transaction',
    description: 'With its entries and what became of it.',
  })
  @ApiOkResponse({ type: TransactionResponse })
  get(@UuidParam('ledgerId') ledgerId: string, @UuidParam('transactionId') id: string): Promise<TransactionResponse> {
    return this.transactionList.get(ledgerId, id);
  }
}
