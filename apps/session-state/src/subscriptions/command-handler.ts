import type { SessionAnswer, SessionCommand, Subscription } from '@tributary/contracts';
import { isSharedFilter, topicFilterProblem } from '@tributary/mqtt';
import type { RetainedSender } from '../retained/retained-sender.ts';
import type { LogTail } from '../routing/log-tail.ts';
import type { Afterlife } from '../sessions/afterlife.ts';
import type { Journal } from '../sessions/journal.ts';
import type { SessionBook } from '../sessions/session-book.ts';
import type { SubscriptionStore } from './subscription-store.ts';
import type { SubscriptionTable } from './subscription-table.ts';

/** Reason codes of UNSUBACK (MQTT 5, 3.11.3). */
const SUCCESS = 0x00;
const NO_SUBSCRIPTION_EXISTED = 0x11;

const BEHIND: SessionAnswer = {
  ok: false,
  code: 'busy',
  message: 'routing has not caught up with the log in time',
};

/** What to do once the answer has left. */
export interface Handled {
  answer: SessionAnswer;
  afterwards?: () => Promise<void>;
}

export interface CommandHandlerOptions {
  store: SubscriptionStore;
  table: SubscriptionTable;
  book: SessionBook;
  journal: Journal;
  afterlife: Afterlife;
  tail: LogTail;
  sender: RetainedSender;
  timeoutMs: number;
}

/** Carries out what ingress nodes ask for. */
export class CommandHandler {
  readonly #options: CommandHandlerOptions;

  constructor(options: CommandHandlerOptions) {
    this.#options = options;
  }

  async handle(command: SessionCommand): Promise<Handled> {
    const { afterlife, book, journal } = this.#options;
    switch (command.type) {
      case 'subscribe':
        return this.#subscribe(command);
      case 'unsubscribe':
        return { answer: await this.#unsubscribe(command) };
      case 'attach':
        return this.#attach(command);
      case 'end':
        await afterlife.connectionEnded(command);
        return { answer: { ok: true, reasons: [] } };
      case 'settle':
        book.settle(command.settlements);
        await journal.committed();
        return { answer: { ok: true, reasons: [] } };
    }
  }

  /** What of the session is in the log must be known first: its last connection's rows are stored by now. */
  async #attach(command: SessionCommand & { type: 'attach' }): Promise<Handled> {
    const { book, journal, tail, timeoutMs, store } = this.#options;
    const known = book.get(command.clientId);
    if (command.resume && !(await tail.caughtUp(timeoutMs))) return { answer: BEHIND };
    const opened = book.open(command, command.resume);
    if (opened === null) {
      const message = `${command.clientId} has connected again since`;
      return { answer: { ok: false, code: 'stale-epoch', message } };
    }
    const { session, ...attached } = opened;
    if (known !== undefined && known !== session) await store.end(known.clientId, known.sessionId);
    await journal.committed();
    return {
      answer: { ok: true, ...attached },
      afterwards: () => Promise.resolve(book.deliverTo(session, command, command.receiveMaximum)),
    };
  }

  async #subscribe(command: SessionCommand & { type: 'subscribe' }): Promise<Handled> {
    const problem = firstProblem(command.subscriptions);
    if (problem !== null) return { answer: { ok: false, code: 'invalid', message: problem } };
    const { store, table, tail, timeoutMs, sender } = this.#options;
    // Whoever takes part in a shared subscription has a queue before it is given anything.
    if (command.subscriptions.some(({ filter }) => isSharedFilter(filter))) await this.#ensureQueue(command);
    try {
      const change = await store.subscribe(command, command.subscriptions);
      if (!change.ok) return { answer: change };
      const wanting = change.value
        .filter((each) => each.wantsRetained)
        .map(({ subscription }) => subscription);
      if (wanting.length > 0 && !(await tail.caughtUp(timeoutMs))) return { answer: BEHIND };
      const reasons = command.subscriptions.map(({ qos }) => qos);
      // What is retained now is the answer; what comes later is routed as it comes.
      const retained = sender.collect(wanting);
      return { answer: { ok: true, reasons }, afterwards: () => sender.send(command, retained) };
    } finally {
      table.answered(command.clientId);
    }
  }

  async #ensureQueue(command: SessionCommand & { type: 'subscribe' }): Promise<void> {
    const { book, journal } = this.#options;
    if (book.session(command.clientId, command.sessionId) !== undefined) return;
    const opened = book.open(command, false);
    if (opened === null) return;
    await journal.committed();
    book.deliverTo(opened.session, command, command.receiveMaximum);
  }

  async #unsubscribe(command: SessionCommand & { type: 'unsubscribe' }): Promise<SessionAnswer> {
    const change = await this.#options.store.unsubscribe(command, command.filters);
    if (!change.ok) return change;
    return {
      ok: true,
      reasons: change.value.map((existed) => (existed ? SUCCESS : NO_SUBSCRIPTION_EXISTED)),
    };
  }
}

function firstProblem(subscriptions: readonly Subscription[]): string | null {
  for (const { filter } of subscriptions) {
    const problem = topicFilterProblem(filter);
    if (problem !== null) return `"${filter}": ${problem}`;
  }
  return null;
}
