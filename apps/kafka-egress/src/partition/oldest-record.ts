import type { JetStreamManager } from '@nats-io/jetstream';
import { ContractError, RecordBatch } from '@tributary/contracts';

/** While the position moves, a look at its next message is worth a read this often, in ms. */
const MOVING_MS = 5_000;

/** How long the oldest record of a partition has waited for Kafka: what the first message of OUT behind the position says. */
export class OldestRecord {
  readonly #manager: JetStreamManager;
  readonly #out: string;
  #sequence = 0;
  #receivedMs: number | null = null;
  #lookedMs = -Infinity;

  /** @param out name of the OUT stream */
  constructor(manager: JetStreamManager, out: string) {
    this.#manager = manager;
    this.#out = out;
  }

  /** Seconds since the record was received from its device, as of the last look; 0 if none waits. */
  get ageSeconds(): number {
    return this.#receivedMs === null ? 0 : Math.max(0, Date.now() - this.#receivedMs) / 1_000;
  }

  /** @param first sequence of the first message of OUT that is not committed. @param last of the last one there is */
  async look(first: number, last: number): Promise<void> {
    if (first > last) {
      this.#receivedMs = null;
      return;
    }
    const known = this.#receivedMs !== null;
    if (known && (first === this.#sequence || performance.now() - this.#lookedMs < MOVING_MS)) return;
    const message = await this.#manager.streams.getMessage(this.#out, { seq: first });
    if (message === null) return;
    this.#sequence = first;
    this.#lookedMs = performance.now();
    this.#receivedMs = firstTimestamp(message.data) ?? message.time.getTime();
  }
}

function firstTimestamp(data: Uint8Array): number | undefined {
  if (data.length === 0) return undefined;
  try {
    for (const { timestampMs } of RecordBatch.open(data)) return timestampMs;
  } catch (error) {
    // Whoever has to send it will say so.
    if (!(error instanceof ContractError)) throw error;
  }
  return undefined;
}
