import type { WillRecord } from '@tributary/contracts';
import type { WillPublisher } from '@tributary/log';
import type { IngressMetrics } from '../metrics.ts';
import type { EndedSession } from './session-record.ts';

/** How long one is tried, in ms; then session-state finds it in the record. */
const PATIENCE_MS = 20_000;

/** Publishes wills, of connections of this node and of those that others left behind. */
export class Wills {
  readonly #publisher: WillPublisher;
  readonly #over: AbortSignal;
  readonly #metrics: IngressMetrics;

  /** @param over aborts when this node may write no more */
  constructor(publisher: WillPublisher, over: AbortSignal, metrics: IngressMetrics) {
    this.#publisher = publisher;
    this.#over = over;
    this.#metrics = metrics;
  }

  /**
   * Appends the will of a connection whose end is recorded.
   * @returns true once it is in the log, false if it is not known to be
   */
  async append(record: EndedSession & { will: WillRecord }): Promise<boolean> {
    const signal = AbortSignal.any([this.#over, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      await this.#publisher.publish(record, record.will, record.ended.epoch, signal);
    } catch {
      return false;
    }
    this.#metrics.wills.add(1);
    return true;
  }
}
