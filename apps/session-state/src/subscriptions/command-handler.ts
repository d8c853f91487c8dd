import type { SessionAnswer, SessionCommand, Subscription } from '@tributary/contracts';
import { isSharedFilter, topicFilterProblem } from '@tributary/mqtt';
import type { RetainedSender } from '../retained/retained-sender.ts';
import type { LogTail } from '../routing/log-tail.ts';
import type { Subscribed, SubscriptionStore } from './subscription-store.ts';

/** Reason codes of UNSUBACK (MQTT 5, 3.11.3). */
const SUCCESS = 0x00;
const NO_SUBSCRIPTION_EXISTED = 0x11;

/** What to do once the answer has left. */
export interface Handled {
  answer: SessionAnswer;
  afterwards?: () => Promise<void>;
}

/** Carries out what ingress nodes ask for. */
export class CommandHandler {
  readonly #store: SubscriptionStore;
  readonly #tail: LogTail;
  readonly #sender: RetainedSender;
  readonly #timeoutMs: number;

  constructor(store: SubscriptionStore, tail: LogTail, sender: RetainedSender, timeoutMs: number) {
    this.#store = store;
    this.#tail = tail;
    this.#sender = sender;
    this.#timeoutMs = timeoutMs;
  }

  async handle(command: SessionCommand): Promise<Handled> {
    switch (command.type) {
      case 'subscribe':
        return this.#subscribe(command);
      case 'unsubscribe':
        return { answer: await this.#unsubscribe(command) };
      case 'end':
        await this.#store.end(command);
        return { answer: { ok: true, reasons: [] } };
    }
  }

  async #subscribe(command: SessionCommand & { type: 'subscribe' }): Promise<Handled> {
    const problem = firstProblem(command.subscriptions);
    if (problem !== null) return { answer: { ok: false, code: 'invalid', message: problem } };
    const change = await this.#store.subscribe(command, command.subscriptions);
    if (!change.ok) return { answer: change };
    const wanting = change.value.filter(wantsRetained).map(({ subscription }) => subscription);
    if (wanting.length > 0 && !(await this.#tail.caughtUp(this.#timeoutMs))) {
      const message = 'routing has not caught up with the log in time';
      return { answer: { ok: false, code: 'busy', message } };
    }
    const reasons = command.subscriptions.map(({ qos }) => qos);
    return { answer: { ok: true, reasons }, afterwards: () => this.#sender.send(command, wanting) };
  }

  async #unsubscribe(command: SessionCommand & { type: 'unsubscribe' }): Promise<SessionAnswer> {
    const change = await this.#store.unsubscribe(command, command.filters);
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
    if (isSharedFilter(filter)) return `"${filter}": shared subscriptions are not available`;
  }
  return null;
}

/** Retain Handling (MQTT 5, 3.3.1.3). */
function wantsRetained({ subscription, isNew }: Subscribed): boolean {
  return subscription.retainHandling === 0 || (subscription.retainHandling === 1 && isNew);
}
