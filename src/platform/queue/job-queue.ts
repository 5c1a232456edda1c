/** What travels through Redis: where to look, never what to do. The row in PostgreSQL says the rest. */
export interface JobTicket {
  readonly tenantId: string;
  readonly jobId: string;
  /** The attempt that this ticket is for. The same ticket twice is one ticket. */
  readonly attempt: number;
}

export interface Dispatch extends JobTicket {
  /** 1 goes first. */
  readonly urgency: number;
}

/**
 * Tells workers that a job wants to be run. A hint, not a store: tickets may be lost or come twice, and PostgreSQL
 * decides what a ticket is worth.
 */
export abstract class JobQueue {
  /**
   * Never waits long and never throws: with Redis gone nothing is dispatched, and the sweeper does it later.
   * @returns how many tickets were handed over
   */
  abstract dispatch(tickets: readonly Dispatch[]): Promise<number>;

  /** Takes tickets, up to `concurrency` at a time. What `handler` throws is logged; a ticket is never repeated for it. */
  abstract consume(concurrency: number, handler: (ticket: unknown) => Promise<void>): void;

  /** Takes no more tickets in this process. Does not wait for those in hand. */
  abstract stop(): Promise<void>;

  /** Tickets that wait; undefined while Redis is gone. */
  abstract depth(): Promise<number | undefined>;
}
