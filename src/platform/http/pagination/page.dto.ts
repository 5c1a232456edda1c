import { type Type } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type as ToType } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { CURSOR_MAX_LENGTH } from '../../../common/pagination/cursor';

export const PAGE_LIMIT = 50;
export const PAGE_LIMIT_MAX = 200;

/** Query of a list; lists with filters extend it. */
export class PageQuery {
  /** How many items at the most. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT })
  @IsOptional()
  @ToType(() => Number)
  @IsInt()
  @Min(1)
  @Max(PAGE_LIMIT_MAX)
  limit?: number;

  /** `next` or `previous` of an earlier answer. It carries the filters, so it may be sent alone. */
  @ApiPropertyOptional({ type: 'string', maxLength: CURSOR_MAX_LENGTH })
  @IsOptional()
  @IsString()
  @MaxLength(CURSOR_MAX_LENGTH)
  cursor?: string;
}

export interface Page<T> {
  readonly items: T[];
  /** Cursor of the following page; null at the end. */
  readonly next: string | null;
  /** Cursor of the page before; null at the start. */
  readonly previous: string | null;
}

/** The class of a page of `Item`, for the API description: `class LedgerPage extends PageOf(LedgerResponse) {}`. */
export function PageOf<T>(item: Type<T>): Type<Page<T>> {
  class ItemPage implements Page<T> {
    @ApiProperty({ type: () => [item] })
    readonly items: T[];

    @ApiProperty({ type: 'string', nullable: true, description: 'Cursor of the following page; null at the end.' })
    readonly next: string | null;

    @ApiProperty({ type: 'string', nullable: true, description: 'Cursor of the page before; null at the start.' })
    readonly previous: string | null;
  }
  return ItemPage;
}
