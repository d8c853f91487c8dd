import type { NatsConnection } from '@nats-io/transport-node';
import { subjects, type DeliveryReport } from '@tributary/contracts';
import type { Member } from '@tributary/log';
import type { Channel } from './channel.ts';

/** Reports of a channel are this far apart at least, in ms. */
const COALESCE_MS = 5;
/** A report may be lost, so after a change it is said once more, in ms. */
const REPEAT_MS = 1_000;

/** Tells owners how far their deliveries have come: cumulative, soon, and again. */
export class ReportSender implements Disposable {
  readonly #nats: NatsConnection;
  readonly #self: Member;
  readonly #due = new Map<number, { channel: Channel; resend: boolean }>();
  #changed = new Map<number, Channel>();
  #timer: NodeJS.Timeout | null = null;
  readonly #repeat: NodeJS.Timeout;

  constructor(nats: NatsConnection, self: Member) {
    this.#nats = nats;
    this.#self = self;
    this.#repeat = setInterval(() => this.#sayAgain(), REPEAT_MS).unref();
  }

  /** The channel has changed, or its owner should hear where it stands. */
  report(id: number, channel: Channel, resend: boolean): void {
    const due = this.#due.get(id);
    if (due) due.resend ||= resend;
    else this.#due.set(id, { channel, resend });
    this.#changed.set(id, channel);
    this.#timer ??= setTimeout(() => this.flush(), COALESCE_MS);
  }

  /** Publishes what is due now. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (const [id, { channel, resend }] of this.#due) this.#publish(id, channel, resend);
    this.#due.clear();
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearTimeout(this.#timer);
    clearInterval(this.#repeat);
  }

  #sayAgain(): void {
    const changed = this.#changed;
    this.#changed = new Map();
    for (const [id, channel] of changed) this.#publish(id, channel, false);
  }

  #publish(id: number, { epoch, number }: Channel, resend: boolean): void {
    if (this.#nats.isClosed()) return;
    const report: DeliveryReport = {
      node: this.#self.instance,
      nodeEpoch: this.#self.epoch,
      epoch,
      number,
      resend,
    };
    this.#nats.publish(subjects.reports(id), JSON.stringify(report));
  }
}
