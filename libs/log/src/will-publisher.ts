import { setTimeout as delay } from 'node:timers/promises';
import { PubHeaders } from '@nats-io/jetstream';
import {
  clientKey,
  EMPTY,
  EnvelopeWriter,
  partitionOf,
  RowKind,
  subjects,
  type LogShape,
  type SessionRecord,
  type WillRecord,
} from '@tributary/contracts';
import type { Publisher } from './publisher.ts';

const PUBLISH_MS = 3_000;
const RETRY_MS = 500;

/**
 * Appends wills to the log. A will travels alone, under an id made of its client and the epoch of its connection: when two publish it,
 * because one died before it could say that it had, the log drops the second one within its duplicate window.
 */
export class WillPublisher {
  readonly #publisher: Pick<Publisher, 'publish'>;
  readonly #shape: LogShape;
  readonly #writer = new EnvelopeWriter();

  constructor(publisher: Pick<Publisher, 'publish'>, shape: LogShape) {
    this.#publisher = publisher;
    this.#shape = shape;
  }

  /**
   * Resolves when it is stored, however long that takes.
   * @param epoch of the connection whose will it is
   * @throws the signal's reason
   */
  async publish(record: SessionRecord, will: WillRecord, epoch: number, signal: AbortSignal): Promise<void> {
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
    const { generation, partitions } = this.#shape;
    const subject = subjects.log(generation, partitionOf(clientId, partitions));
    const headers = [[PubHeaders.MsgIdHdr, `will.${clientKey(clientId)}.${epoch}`]] as const;
    for (;;) {
      signal.throwIfAborted();
      try {
        await this.#publisher.publish(subject, envelope, headers, PUBLISH_MS);
        return;
      } catch {
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }
}
