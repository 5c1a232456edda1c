import { type Problem } from '../../../common/problems/problem';

/** An item as it came, or why it could not even be read. */
export type Given = { readonly value: unknown } | { readonly problem: Problem };

/**
 * Items that have arrived and wait for their turn. While it is full no more are asked for, so that a reader who is
 * slower than a writer costs its place and no more.
 */
export class Inbox {
  private items: Given[] = [];
  private readonly room = new Bell();
  private readonly news = new Bell();
  private ended = false;
  private failure: unknown;

  /** @param most it is full from here on */
  constructor(private readonly most: number) {}

  /** True when there is nothing and nothing will come. @throws what the source threw */
  get exhausted(): boolean {
    if (this.failure !== undefined) throw this.failure as Error;
    return this.ended && this.items.length === 0;
  }

  private get full(): boolean {
    return !this.ended && this.items.length >= this.most;
  }

  /** Takes all that comes from the source, which has been heard to its end when it returns, or has thrown. */
  async fill(source: AsyncIterable<readonly Given[]>): Promise<void> {
    try {
      for await (const items of source) {
        // after `end` the rest is thrown away, so that the other side gets to see the answer
        if (!this.ended) for (const item of items) this.items.push(item);
        this.news.ring();
        while (this.full) await this.room.heard();
      }
    } catch (error) {
      this.failure = error;
    }
    this.end();
  }

  /** Up to so many items and, unless one alone has more, so many entries. */
  take(count: number, entries: number): Given[] {
    let taken = 0;
    let weight = 0;
    for (const item of this.items) {
      weight += entriesOf(item);
      if (taken === count || (taken > 0 && weight > entries)) break;
      taken += 1;
    }
    const items = this.items.splice(0, taken);
    this.room.ring();
    return items;
  }

  /** Nothing more will come. What has come is still there. */
  end(): void {
    this.ended = true;
    this.room.ring();
    this.news.ring();
  }

  /** There are news from elsewhere. */
  ring(): void {
    this.news.ring();
  }

  /** Until something came, the end did, or somebody rang. */
  heard(): Promise<void> {
    return this.news.heard();
  }
}

function entriesOf(item: Given): number {
  const entries = 'value' in item ? (item.value as { entries?: unknown } | null)?.entries : undefined;
  return Array.isArray(entries) ? entries.length : 1;
}

/** Wakes one listener, who also hears what rang before they listened. */
class Bell {
  private rang = false;
  private wake: (() => void) | undefined;

  ring(): void {
    if (this.wake) this.wake();
    else this.rang = true;
    this.wake = undefined;
  }

  async heard(): Promise<void> {
    if (!this.rang) await new Promise<void>((resolve) => (this.wake = resolve));
    this.rang = false;
  }
}
