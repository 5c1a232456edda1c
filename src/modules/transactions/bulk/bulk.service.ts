import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { INTERNAL_ERROR } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { TenantDatabase } from '../../../platform/database/tenant-database';
import { toProblem } from '../../../platform/http/problem.filter';
import { type Command, type Outcome, single, type Unit } from '../engine/command';
import { handOver } from '../engine/hand-over';
import { PostingEngine } from '../engine/posting-engine';
import { LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { type Asked, PostingService } from '../posting/posting.service';
import { readItem } from './bulk-item';
import { bulkRefused, type ItemResult, refusedAs, resultOf } from './bulk-result';
import { type Given, Inbox } from './inbox';

/** Who asks for many things, once. `operation` is that of a single posting. */
export type BulkAsked = Omit<Asked, 'request'>;

/** Slices of one request that the engine has at once: one gathers while the other is committed. */
const DEPTH = 2;
/** Items that are read or written at a stretch; others get the processor in between. */
const STRETCH = 250;

/** Items that the engine has. */
interface Slice {
  /** Undefined until all of them are answered. */
  results: (() => ItemResult[]) | undefined;
}

/** Carries out the items of bulk requests. */
@Injectable()
export class BulkService {
  private readonly logger = new Logger(BulkService.name);

  constructor(
    private readonly engine: PostingEngine,
    private readonly posting: PostingService,
    private readonly database: TenantDatabase,
    private readonly config: Config,
  ) {}

  /**
   * All items as one unit of the engine: all or none, or each by itself in a dry run, where later ones see what earlier
   * ones would have done.
   * @throws Problem `bulk-refused`, `ledger-not-found`, `ledger-busy`; those of the database
   */
  async *together(
    asked: BulkAsked,
    given: readonly Given[],
    unit: Omit<Unit, 'commands'>,
  ): AsyncGenerator<ItemResult[], undefined> {
    const commands: Command[] = [];
    for await (const some of stretches(given)) commands.push(...(await this.commandsOf(asked, some, commands.length)));
    const outcomes = await (await this.handOver(asked, { commands, ...unit })).answer;
    if (outcomes instanceof Problem) throw outcomes;
    assertLedger(outcomes);
    const recordedAs = unit.dryRun ? 200 : 201;
    const refused = [...outcomes.entries()].filter(([, { kind }]) => kind === 'refused' || kind === 'stored');
    if (unit.atomic && refused.length > 0)
      throw bulkRefused(refused.map(([index, outcome]) => this.resultOf(index, outcome, recordedAs)));
    let index = 0;
    for await (const some of stretches(outcomes))
      yield some.map((outcome) => this.resultOf(index++, outcome, recordedAs));
    return undefined;
  }

  /**
   * Items as they come, each recorded or refused by itself, in their order.
   * @param end nothing more is taken once it aborts; its reason is what the generator returns
   * @returns why it stopped before the end, where it did: items without a result were not carried out
   * @throws Problem `ledger-not-found`, before the first result
   */
  async *oneByOne(
    asked: BulkAsked,
    source: AsyncIterable<readonly Given[]>,
    end?: AbortSignal,
  ): AsyncGenerator<ItemResult[], Problem | undefined> {
    const { batchCommands, batchEntries } = this.config.engine;
    const inbox = new Inbox(batchCommands);
    const underway: Slice[] = [];
    let stopped: Problem | undefined;
    const stop = (why: Problem) => {
      stopped ??= why;
      inbox.end();
    };
    const onEnd = () => {
      stop(end?.reason as Problem);
    };
    end?.addEventListener('abort', onEnd, { once: true });
    void inbox.fill(source);
    try {
      for (let index = 0; ;) {
        while (!stopped && underway.length < DEPTH) {
          const given = inbox.take(batchCommands, batchEntries);
          if (given.length === 0) break;
          underway.push(await this.slice(asked, given, index, inbox, stop));
          index += given.length;
        }
        const [oldest] = underway;
        if (!oldest && (stopped ?? inbox.exhausted)) return stopped;
        if (oldest?.results) {
          underway.shift();
          yield oldest.results();
        } else await inbox.heard();
      }
    } finally {
      end?.removeEventListener('abort', onEnd);
      inbox.end();
    }
  }

  /** Hands items over, and rings when they are answered. What was not carried out stops what comes after the slice. */
  private async slice(
    asked: BulkAsked,
    given: readonly Given[],
    from: number,
    inbox: Inbox,
    stop: (why: Problem) => void,
  ): Promise<Slice> {
    const slice: Slice = { results: undefined };
    const commands = await this.commandsOf(asked, given, from);
    const { answer } = await this.handOver(asked, { commands, atomic: false, dryRun: false });
    void this.eachOf(asked, commands, answer).then((answers) => {
      const why = answers.find((each) => each instanceof Problem && each.type !== INTERNAL_ERROR);
      if (why instanceof Problem) stop(why);
      slice.results = () => {
        if (from === 0) assertLedger(answers);
        return answers.map((each, place) => this.resultOf(from + place, each, 201));
      };
      inbox.ring();
    });
    return slice;
  }

  /**
   * An answer for each command. Where one breaks the batch of all they are handed over alone, so that it breaks no other;
   * their keys keep what was recorded from being recorded twice.
   */
  private async eachOf(
    asked: BulkAsked,
    commands: readonly Command[],
    answer: Promise<readonly Outcome[] | Problem>,
  ): Promise<readonly (Outcome | Problem)[]> {
    const outcomes = await answer;
    if (!(outcomes instanceof Problem)) return outcomes;
    if (outcomes.type !== INTERNAL_ERROR || commands.length === 1) return commands.map(() => outcomes);
    const alone = await Promise.all(
      commands.map(async (command) =>
        this.eachOf(asked, [command], (await this.handOver(asked, single(command))).answer),
      ),
    );
    return alone.flat();
  }

  /** @returns when the engine has it, with an answer to come that never rejects */
  private async handOver(asked: BulkAsked, unit: Unit): Promise<{ answer: Promise<readonly Outcome[] | Problem> }> {
    const { tenantId, ledgerId, caller } = asked;
    try {
      const { outcomes } = await handOver(this.engine, tenantId, ledgerId, unit, caller);
      return { answer: outcomes.catch((error: unknown) => this.problemOf(error)) };
    } catch (error) {
      return { answer: Promise.resolve(this.problemOf(error)) };
    }
  }

  private problemOf(error: unknown): Problem {
    const problem = toProblem(error);
    if (problem.type === INTERNAL_ERROR) this.logger.error({ msg: 'an item could not be carried out', err: error });
    return problem;
  }

  private async commandsOf(asked: BulkAsked, given: readonly Given[], from: number): Promise<Command[]> {
    const read = async () => {
      const commands: Command[] = [];
      for (const item of given) commands.push(await this.commandOf(asked, item, from + commands.length));
      return commands;
    };
    // what templates they name is looked up in one transaction
    return given.some(namesTemplate) ? this.database.run(asked.tenantId, 'read', read) : read();
  }

  /** An item that cannot be an order is one to the engine all the same, so that it is answered in its turn. */
  private async commandOf(asked: BulkAsked, given: Given, index: number): Promise<Command> {
    if ('problem' in given) return { order: given.problem, key: null };
    try {
      const { kind, key, route, parentId, body, order } = await readItem(given.value, {
        createdBy: asked.principalId,
        postingOf: (request) => this.posting.postingOf(asked, request),
      });
      const { ledgerId, balances } = asked;
      const request = { ledgerId, parentId, body, balances: balances || undefined };
      if (asked.key === undefined) return this.posting.commandOf({ ...asked, request }, order);
      // a key of its own is the one that it would have by itself
      const own =
        key === undefined
          ? { operation: `${asked.operation}/bulk`, key: `${asked.key} ${index}`, request: { ...request, kind } }
          : { operation: asked.operation + route, key, request };
      return this.posting.commandOf({ ...asked, ...own }, order);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { order: error, key: null };
    }
  }

  private resultOf(index: number, outcome: Outcome | Problem, recordedAs: number): ItemResult {
    const { publicUrl } = this.config.http;
    if (outcome instanceof Problem) return refusedAs(index, outcome, publicUrl);
    return resultOf(index, outcome, recordedAs, publicUrl);
  }
}

const namesTemplate = (given: Given): boolean =>
  'value' in given && (given.value as { template?: unknown } | null)?.template !== undefined;

/** What holds for every item is said once. @throws Problem `ledger-not-found` */
function assertLedger(outcomes: readonly (Outcome | Problem)[]): void {
  for (const outcome of outcomes)
    if (!(outcome instanceof Problem) && outcome.kind === 'refused' && outcome.problem.type === LEDGER_NOT_FOUND)
      throw outcome.problem;
}

/** A long list in parts, with the processor left to others in between. */
async function* stretches<T>(list: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let start = 0; start < list.length; start += STRETCH) {
    if (start > 0) await setImmediate();
    yield list.slice(start, start + STRETCH);
  }
}
