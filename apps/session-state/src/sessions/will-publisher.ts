import { setTimeout as delay } from 'node:timers/promises';
import { PubHeaders } from '@nats-io/jetstream';
import {
  clientKey,
  EMPTY,
  EnvelopeWriter,
  partitionOf,
  RowKind,
  subjects,
  type SessionRecord,
  type WillRecord,
} from '@tributary/contracts';
import { LogError, type Publisher } from '@tributary/log';

const PUBLISH_MS = 3_000;
const RETRY_MS = 500;

export interface WillPublisherOptions {
  publisher: Publisher;
  generation: number;
  partitions: number;
  signal: AbortSignal;
  published(): void;
}

/**
 * Appends wills to the log on behalf of devices whose node is gone, or whose will was delayed. A will travels alone under an id of
 * its own, so that the log drops a second one of the same connection within its duplicate window.
 */
export class WillPublisher {
  readonly #options: WillPublisherOptions;
  readonly #writer = new EnvelopeWriter();

  constructor(options: WillPublisherOptions) {
    this.#options = options;
  }

  /** Resolves when it is stored. @throws LogError 'closed' if the lease ends before */
  async publish(record: SessionRecord, will: WillRecord, epoch: number): Promise<void> {
    const { publisher, generation, partitions, signal } = this.#options;
    const { clientId, sessionId } = record;
    const { topic, qos, retain, protocolVersion } = will;
    this.#writer.append({
      kind: RowKind.will,
      qos,
      retain,
      dup: false,
      packetId: 0,
      protocolVersion,
      receivedMs: Date.now(),
      epoch,
      topic,
      clientId: Buffer.from(clientId, 'utf8'),
      sessionId: Buffer.from(sessionId, 'utf8'),
      username: Buffer.from(will.username, 'utf8'),
      trace: EMPTY,
      origin: EMPTY,
      properties: Buffer.from(will.properties, 'base64'),
      payload: Buffer.from(will.payload, 'base64'),
    });
    const envelope = this.#writer.finish();
    const subject = subjects.log(generation, partitionOf(clientId, partitions));
    const headers = [[PubHeaders.MsgIdHdr, `will.${clientKey(clientId)}.${epoch}`]] as const;
    while (!signal.aborted) {
      try {
        await publisher.publish(subject, envelope, headers, PUBLISH_MS);
        this.#options.published();
        return;
      } catch {
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    throw new LogError('closed', 'publishing a will was ended');
  }
}
