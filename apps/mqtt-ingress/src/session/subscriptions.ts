import type { SessionAddress, SessionAnswer, SessionCommand, Subscription } from '@tributary/contracts';
import type { Member } from '@tributary/log';
import {
  isFailure,
  isSharedFilter,
  ReasonCode,
  topicFilterProblem,
  type SubscribeRequest,
  type UnsubscribeRequest,
} from '@tributary/mqtt';
import { Slots } from '../connect/slots.ts';
import type { Device } from '../device/device.ts';
import type { IngressMetrics } from '../metrics.ts';
import type { SessionClient } from './session-client.ts';

export interface SubscriptionsOptions {
  client: SessionClient;
  self: Member;
  metrics: IngressMetrics;
  /** How long a SUBSCRIBE may wait for session-state. */
  timeoutMs: number;
}

/** Commands of one device that wait for their turn; beyond it the connection is not read. */
const MAX_WAITING = 256;
/** Ends of sessions told at the same time ... */
const ENDS_AT_ONCE = 256;
/** ... and how long each is tried, in ms. What was not told shows as an epoch that no node serves. */
const END_MS = 30_000;

/**
 * SUBSCRIBE and UNSUBSCRIBE, which session-state answers. Commands of one device go one after the other; while it
 * waits for them the device publishes on.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #ends = new Slots(ENDS_AT_ONCE, Infinity);
  readonly #ending = new Set<Promise<void>>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  subscribe(device: Device, { packetId, subscriptionIdentifier, subscriptions }: SubscribeRequest): void {
    const reasons = subscriptions.map(({ filter }) => refusalOf(filter));
    const accepted = subscriptions.filter((_, index) => reasons[index] === null);
    const answer = (granted: readonly number[]): void => {
      let next = 0;
      const all = reasons.map((refusal) => refusal ?? granted[next++] ?? ReasonCode.UNSPECIFIED_ERROR);
      for (const reason of all) this.#options.metrics.subscribed(isFailure(reason));
      device.connection.subscribed(packetId, all);
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
    this.#command(device, { type: 'subscribe', subscriptions: wanted, ...this.#address(device) }, (result) =>
      answer(result.ok ? result.reasons : accepted.map(() => failureOf(result))),
    );
  }

  unsubscribe(device: Device, { packetId, filters }: UnsubscribeRequest): void {
    this.#options.metrics.unsubscribes.add(filters.length);
    const command: SessionCommand = { type: 'unsubscribe', filters: [...filters], ...this.#address(device) };
    this.#command(device, command, (result) => {
      if (result.ok) {
        device.connection.unsubscribed(packetId, result.reasons);
      } else if (device.connection.protocolVersion === 5) {
        device.connection.unsubscribed(
          packetId,
          filters.map(() => failureOf(result)),
        );
      } else {
        // An UNSUBACK of MQTT 3.x always means success; ending the connection ends the subscription as well.
        device.dismiss(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, result.message);
      }
    });
  }

  /** Tells session-state that the connection is over, if it has ever asked for anything. Nobody waits for it. */
  end(device: Device): void {
    if (!device.subscribed) return;
    const command: SessionCommand = { type: 'end', ...this.#address(device) };
    const told = (device.lastCommand ?? Promise.resolve()).then(async () => {
      const signal = AbortSignal.timeout(END_MS);
      await this.#ends.use(signal, () => this.#options.client.command(command, signal));
    });
    const settled = told.catch(() => {}).finally(() => this.#ending.delete(settled));
    this.#ending.add(settled);
  }

  /** Resolves when every end so far was told, or given up. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending);
  }

  #command(device: Device, command: SessionCommand, answer: (result: SessionAnswer) => void): void {
    if (++device.waitingCommands >= MAX_WAITING) device.reading.pause('commands');
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    device.lastCommand = (device.lastCommand ?? Promise.resolve()).then(async () => {
      const result: SessionAnswer = device.served
        ? await this.#options.client.command(command, signal)
        : { ok: false, code: 'unavailable', message: 'the connection has ended' };
      if (--device.waitingCommands < MAX_WAITING / 2) device.reading.resume('commands');
      answer(result);
    });
  }

  #address({ clientId, epoch }: Device): SessionAddress {
    const { instance, epoch: nodeEpoch } = this.#options.self;
    return { clientId, node: instance, nodeEpoch, epoch };
  }
}

/** Why this node refuses a filter by itself, or null. */
function refusalOf(filter: string): number | null {
  if (topicFilterProblem(filter) !== null) return ReasonCode.TOPIC_FILTER_INVALID;
  return isSharedFilter(filter) ? ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED : null;
}

function failureOf(answer: SessionAnswer & { ok: false }): number {
  return answer.code === 'busy' ? ReasonCode.QUOTA_EXCEEDED : ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR;
}
