import { Settled, type Settlement } from '@tributary/contracts';
import { pause } from '../connect/abortable.ts';
import type { IngressMetrics } from '../metrics.ts';
import type { SessionClient } from './session-client.ts';

/** One request carries at most so many settlements, and about so many bytes of client ids: NATS bounds what it carries. */
const MAX_AT_ONCE = 1_000;
const MAX_BYTES = 256 * 1024;
/** Of one settlement in JSON besides the client id, of which a byte may take six. */
const OVERHEAD_BYTES = 48;
const ID_BYTES = 6;
const RETRY_MS = 150;

interface Waiting {
  settlement: Settlement;
  answered: ((stored: boolean) => void) | null;
}

/**
 * Tells session-state what devices have settled: one request at a time, what comes meanwhile forms the next. While session-state is
 * away everything waits; it is bounded by the windows, because nothing new is delivered until this is told. A settlement
 * that is lost with the node costs a repeat: session-state sends the message, or PUBREL, again to the next connection.
 */
export class SettlementSender {
  readonly #client: SessionClient;
  readonly #over: AbortSignal;
  readonly #metrics: IngressMetrics;
  #waiting: Waiting[] = [];
  #isRunning = false;
  /** So many have ever been added, and answered. */
  #added = 0;
  #answered = 0;
  /** Who waits until so many have been answered. */
  readonly #awaited: { count: number; resolve: () => void }[] = [];

  /** @param over aborts when this node may write no more */
  constructor(client: SessionClient, over: AbortSignal, metrics: IngressMetrics) {
    this.#client = client;
    this.#over = over;
    this.#metrics = metrics;
  }

  get waiting(): number {
    return this.#added - this.#answered;
  }

  /** @param answered called with true once it is stored, with false if session-state refuses it for good */
  add(settlement: Settlement, answered: ((stored: boolean) => void) | null = null): void {
    this.#metrics.settled(settlement[3] === Settled.received);
    this.#added++;
    this.#waiting.push({ settlement, answered });
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Acknowledgements that came in one read travel together.
    queueMicrotask(() => void this.#run());
  }

  /** Resolves when all that was added so far is answered, or never will be. That may take as long as session-state is away. */
  told(): Promise<void> {
    const { waiting } = this;
    if (waiting === 0 || this.#over.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.push({ count: this.#added, resolve }));
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#over.aborted) {
      const told = this.#take();
      const stored = await this.#tell(told.map(({ settlement }) => settlement));
      if (stored === null) break;
      for (const { answered } of told) answered?.(stored);
      this.#answered += told.length;
      this.#wake();
    }
    this.#isRunning = false;
    this.#wake();
  }

  #wake(): void {
    for (let [first] = this.#awaited; first !== undefined; [first] = this.#awaited) {
      if (first.count > this.#answered && !this.#over.aborted) return;
      this.#awaited.shift();
      first.resolve();
    }
  }

  /** @returns whether it was stored; null if the node may do nothing more */
  async #tell(settlements: Settlement[]): Promise<boolean | null> {
    while (!this.#over.aborted) {
      const answer = await this.#client.command({ type: 'settle', settlements }, this.#over);
      if (answer.ok) return true;
      if (answer.code !== 'busy' && answer.code !== 'unavailable') return false;
      await pause(RETRY_MS, this.#over).catch(() => {});
    }
    return null;
  }

  #take(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const { settlement } of this.#waiting) {
      bytes += OVERHEAD_BYTES + settlement[0].length * ID_BYTES;
      if (count > 0 && (count === MAX_AT_ONCE || bytes > MAX_BYTES)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
