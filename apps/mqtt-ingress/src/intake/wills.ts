import { EMPTY, partitionOf, RowKind, type SessionRecord } from '@tributary/contracts';
import type { LogAppender } from '@tributary/log';
import type { IngressMetrics } from '../metrics.ts';
import type { EndedSession } from '../session/session-record.ts';

/** Appends wills, of connections of this node and of those that others left behind. */
export class Wills {
  readonly #appender: LogAppender;
  readonly #partitions: number;
  readonly #metrics: IngressMetrics;

  constructor(appender: LogAppender, partitions: number, metrics: IngressMetrics) {
    this.#appender = appender;
    this.#partitions = partitions;
    this.#metrics = metrics;
  }

  /**
   * Appends the will of a connection whose end is recorded. Its id is (client id, connection epoch), whoever publishes it.
   * @returns true once it is in the log, false if it is not known to be
   */
  append({
    clientId,
    sessionId,
    ended,
    will,
  }: EndedSession & Required<Pick<SessionRecord, 'will'>>): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settled = (stored: boolean): void => {
      this.#metrics.pendingRows--;
      resolve(stored);
    };
    this.#metrics.wills.add(1);
    this.#metrics.pendingRows++;
    this.#appender.append(
      partitionOf(clientId, this.#partitions),
      {
        kind: RowKind.will,
        qos: will.qos,
        retain: will.retain,
        dup: false,
        packetId: 0,
        protocolVersion: will.protocolVersion,
        receivedMs: Date.now(),
        epoch: ended.epoch,
        topic: will.topic,
        clientId: Buffer.from(clientId, 'utf8'),
        sessionId: Buffer.from(sessionId, 'utf8'),
        username: Buffer.from(will.username, 'utf8'),
        trace: EMPTY,
        origin: EMPTY,
        properties: Buffer.from(will.properties, 'base64'),
        payload: Buffer.from(will.payload, 'base64'),
      },
      { stored: () => settled(true), failed: () => settled(false) },
    );
    return promise;
  }
}
