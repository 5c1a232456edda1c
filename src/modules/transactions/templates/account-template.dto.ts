import { ApiProperty, OmitType, PartialType, PickType } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { type ScaleOf } from '../../../common/money/currency';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { ACCOUNT_PATTERN } from '../core/account';
import { readLimits } from '../core/limits';
import { type AccountTemplate } from '../entities/account-template.entity';
import { AccountResponse, CreateAccountRequest } from '../accounts/account.dto';
import { formatLimits } from '../accounts/limits.dto';

/** What accounts get that are made from the template. */
class AccountTraits extends OmitType(CreateAccountRequest, ['code'] as const) {}

export class CreateAccountTemplateRequest extends AccountTraits {
  /** Codes of the accounts: `*` is any one segment, a last `**` one or more. Unique in the ledger; it never changes. */
  @ApiProperty({ maxLength: 255, example: 'users:*:wallet' })
  @IsString()
  @Matches(ACCOUNT_PATTERN, {
    message:
      'pattern must be segments of an account code with colons between, each a name or *, the last one perhaps **; 255 characters at the most',
  })
  pattern: string;
}

export class UpdateAccountTemplateRequest extends PartialType(AccountTraits, { skipNullProperties: false }) {}

export class AccountTemplateResponse extends PickType(AccountResponse, [
  'id',
  'ledgerId',
  'name',
  'type',
  'normalBalance',
  'currencies',
  'limits',
  'metadata',
  'createdAt',
  'updatedAt',
] as const) {
  @ApiProperty({ example: 'users:*:wallet' })
  pattern: string;

  static of(template: AccountTemplate, scaleOf: ScaleOf): AccountTemplateResponse {
    return {
      id: template.id,
      ledgerId: template.ledgerId,
      pattern: template.pattern,
      name: template.name,
      type: template.type,
      normalBalance: template.normalBalance,
      currencies: template.currencies,
      limits: formatLimits(readLimits(template.limits), scaleOf),
      metadata: template.metadata,
      createdAt: formatInstant(template.createdAt),
      updatedAt: formatInstant(template.updatedAt),
    };
  }
}

export class AccountTemplatePage extends PageOf(AccountTemplateResponse) {}
