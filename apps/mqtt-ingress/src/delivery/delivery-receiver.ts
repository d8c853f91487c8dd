import {
  ContractError,
  DeliveryBatch,
  type Delivery,
  type DeliveryRecipient,
  type RowView,
} from '@tributary/contracts';
import type { Clients } from '../connect/clients.ts';
import type { IngressMetrics } from '../metrics.ts';
import { Channel } from './channel.ts';
import { Content } from './content.ts';
import type { ReportSender } from './report-sender.ts';

/** Channels from here on are those of session shards; those below are log partitions. */
const FIRST_SHARD_CHANNEL = 0x8000_0000;
/** A missing batch is asked for again after this time without progress, in ms: resends need a moment to arrive. */
const ASK_AGAIN_MS = 250;

interface Receiving {
  channel: Channel;
  /** When a resend was asked for last, on the monotonic clock; 0 if nothing is missing. */
  askedAtMs: number;
}

/** Takes delivery batches for this node and hands what is in them to the connections they are addressed to. */
export class DeliveryReceiver {
  readonly #clients: Clients;
  readonly #reports: ReportSender;
  readonly #metrics: IngressMetrics;
  readonly #channels = new Map<number, Receiving>();

  constructor(clients: Clients, reports: ReportSender, metrics: IngressMetrics) {
    this.#clients = clients;
    this.#reports = reports;
    this.#metrics = metrics;
  }

  receive(bytes: Uint8Array): void {
    let batch: DeliveryBatch;
    try {
      batch = DeliveryBatch.open(bytes);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      this.#metrics.batch('invalid');
      return;
    }
    const { channel: id } = batch.info;
    const receiving = this.#receiving(id);
    const verdict = receiving.channel.judge(batch.info);
    this.#metrics.batch(verdict);
    switch (verdict) {
      case 'stale':
        return;
      case 'gap':
        this.#askForResend(id, receiving);
        return;
      case 'repeated':
        // Its report was lost, or is late.
        this.#reports.report(id, receiving.channel, false);
        return;
      case 'accepted':
        receiving.askedAtMs = 0;
        this.#distribute(id, receiving.channel, batch);
        this.#reports.report(id, receiving.channel, false);
    }
  }

  /** An owner wants to know where its channel stands. */
  reportNow(id: number): void {
    this.#reports.report(id, this.#receiving(id).channel, false);
  }

  #receiving(id: number): Receiving {
    let receiving = this.#channels.get(id);
    if (receiving === undefined) {
      receiving = { channel: new Channel(), askedAtMs: 0 };
      this.#channels.set(id, receiving);
    }
    return receiving;
  }

  #askForResend(id: number, receiving: Receiving): void {
    const now = performance.now();
    if (receiving.askedAtMs !== 0 && now - receiving.askedAtMs < ASK_AGAIN_MS) return;
    receiving.askedAtMs = now;
    this.#reports.report(id, receiving.channel, true);
  }

  #distribute(id: number, channel: Channel, batch: DeliveryBatch): void {
    const now = Date.now();
    for (let index = 0; index < batch.rows; index++) {
      let delivery: Delivery;
      try {
        delivery = batch.row(index);
      } catch (error) {
        if (!(error instanceof ContractError)) throw error;
        this.#metrics.dropped('invalid');
        continue;
      }
      const { recipients } = delivery;
      const news = id < FIRST_SHARD_CHANNEL ? channel.news(delivery) : recipients;
      this.#metrics.droppedMany('repeated', recipients.length - news.length);
      if (news.length > 0) this.#deliver(delivery.message, news, now);
    }
  }

  #deliver(message: RowView, recipients: readonly DeliveryRecipient[], now: number): void {
    const content = new Content(message);
    for (const recipient of recipients) {
      const device = this.#clients.get(recipient.clientId);
      // An admission that waits for its session gets deliveries already; they leave after CONNACK.
      if (device === undefined || device.phase === 'closed' || device.epoch !== recipient.epoch) {
        this.#metrics.dropped('not-connected');
      } else {
        device.outbound().deliver(content, recipient, now);
      }
    }
  }
}
