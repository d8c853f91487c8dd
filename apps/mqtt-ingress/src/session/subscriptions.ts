import type { Attached, SessionAnswer, SessionCommand, Subscription } from '@tributary/contracts';
import type { Member } from '@tributary/log';
import {
  isFailure,
  parseTopicFilter,
  ReasonCode,
  topicFilterProblem,
  type SubscribeRequest,
  type UnsubscribeRequest,
} from '@tributary/mqtt';
import type { Device } from '../device/device.ts';
import type { IngressMetrics } from '../metrics.ts';
import type { SessionClient } from './session-client.ts';
import { addressOf } from './sessions.ts';

export interface SubscriptionsOptions {
  client: SessionClient;
  self: Member;
  metrics: IngressMetrics;
  /** How long a SUBSCRIBE may wait for session-state. */
  timeoutMs: number;
  /** Without `$share/{name}/`. */
  refusedFilters: ReadonlySet<string>;
}

/** An answer to SUBSCRIBE or UNSUBSCRIBE. */
type Answer = Exclude<SessionAnswer, Attached>;

/** Commands of one device that wait for their turn; beyond it the connection is not read. */
const MAX_WAITING = 256;
/** What follows a SUBSCRIBE waits so long for its SUBACK, in ms: a device that publishes right after it is among its subscribers. */
const IN_ORDER_MS = 250;

/**
 * SUBSCRIBE and UNSUBSCRIBE, which session-state answers. Commands of one device go one after the other. What it sends after them
 * waits for a moment; if session-state is away the device publishes on.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  subscribe(device: Device, { packetId, subscriptionIdentifier, subscriptions }: SubscribeRequest): void {
    const reasons = subscriptions.map(({ filter }) => this.#refusalOf(filter));
    const accepted = subscriptions.filter((_, index) => reasons[index] === null);
    const answer = (granted: readonly number[], detail?: string): void => {
      let next = 0;
      const all = reasons.map((refusal) => refusal ?? granted[next++] ?? ReasonCode.UNSPECIFIED_ERROR);
      for (const reason of all) this.#options.metrics.subscribed(isFailure(reason));
      device.connection.subscribed(packetId, all, detail ?? (isRefused(reasons) ? REFUSED : undefined));
    };
    if (accepted.length === 0) return answer([]);
    device.subscribed = true;
    const wanted: Subscription[] = accepted.map(
      ({ filter, qos, noLocal, retainAsPublished, retainHandling }) => ({
        filter,
        qos,
        noLocal,
        retainAsPublished,
        retainHandling,
        subscriptionId: subscriptionIdentifier,
      }),
    );
    const { receiveMaximum } = device;
    const address = addressOf(device, this.#options.self);
    const command: SessionCommand = { type: 'subscribe', subscriptions: wanted, receiveMaximum, ...address };
    this.#command(device, command, (result) =>
      result.ok
        ? answer(result.reasons)
        : answer(
            accepted.map(() => failureOf(result)),
            result.message,
          ),
    );
  }

  unsubscribe(device: Device, { packetId, filters }: UnsubscribeRequest): void {
    this.#options.metrics.unsubscribes.add(filters.length);
    const address = addressOf(device, this.#options.self);
    const command: SessionCommand = { type: 'unsubscribe', filters: [...filters], ...address };
    this.#command(device, command, (result) => {
      if (result.ok) {
        device.connection.unsubscribed(packetId, result.reasons);
      } else if (device.connection.protocolVersion === 5) {
        device.connection.unsubscribed(
          packetId,
          filters.map(() => failureOf(result)),
          result.message,
        );
      } else {
        // An UNSUBACK of MQTT 3.x always means success; ending the connection ends the subscription as well.
        device.dismiss(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, result.message);
      }
    });
  }

  /** Why this node refuses a filter by itself, or null. */
  #refusalOf(filter: string): number | null {
    if (topicFilterProblem(filter) !== null) return ReasonCode.TOPIC_FILTER_INVALID;
    const { refusedFilters } = this.#options;
    // Not 0x87, which is about the client: nobody may.
    return refusedFilters.has(parseTopicFilter(filter).filter) ? ReasonCode.UNSPECIFIED_ERROR : null;
  }

  #command(device: Device, command: SessionCommand, answer: (result: Answer) => void): void {
    device.waitingCommands++;
    device.reading.pause('commands');
    const patience = setTimeout(() => {
      if (device.waitingCommands < MAX_WAITING) device.reading.resume('commands');
    }, IN_ORDER_MS);
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    device.lastCommand = (device.lastCommand ?? Promise.resolve()).then(async () => {
      const result: SessionAnswer = device.served
        ? await this.#options.client.command(command, signal)
        : { ok: false, code: 'unavailable', message: 'the connection has ended' };
      const isReasons = !result.ok || 'reasons' in result;
      clearTimeout(patience);
      if (--device.waitingCommands === 0 || device.waitingCommands === MAX_WAITING / 2)
        device.reading.resume('commands');
      answer(isReasons ? result : { ok: false, code: 'invalid', message: 'an answer to another command' });
    });
  }
}

const REFUSED = 'this server does not take a filter of yours';

function isRefused(reasons: readonly (number | null)[]): boolean {
  return reasons.some((reason) => reason !== null);
}

function failureOf({ code }: Answer & { ok: false }): number {
  const isQuota = code === 'busy' || code === 'quota';
  return isQuota ? ReasonCode.QUOTA_EXCEEDED : ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR;
}
