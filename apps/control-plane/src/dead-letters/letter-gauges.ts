import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import { streamNames } from '@tributary/contracts';
import { ApiCode, isApiError } from '@tributary/log';
import type { Log } from '@tributary/service';
import type { Metrics } from '@tributary/telemetry';

export interface LetterGaugesOptions {
  readonly manager: JetStreamManager;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Clusters of the active mapping. */
  clusters(): Promise<readonly string[]>;
}

interface Level {
  readonly messages: number;
  readonly bytes: number;
  /** When the oldest was stored; null if there is none. */
  readonly oldestMs: number | null;
}

const EVERY_MS = 5_000;

/** Tells how many dead letters and requests to replay them there are, and since when. */
export class LetterGauges {
  readonly #options: LetterGaugesOptions;
  readonly #levels = new Map<string, { letters: Level; replays: Level; gauges: Disposable }>();

  constructor(options: LetterGaugesOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        if (!signal.aborted) this.#options.log.debug({ error }, 'dead letters could not be counted');
      }
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const clusters = await this.#options.clusters();
    for (const [cluster, { gauges }] of this.#levels) {
      if (clusters.includes(cluster)) continue;
      gauges[Symbol.dispose]();
      this.#levels.delete(cluster);
    }
    for (const cluster of clusters) {
      const letters = await this.#level(streamNames.deadLetters(cluster));
      const replays = await this.#level(streamNames.replays(cluster));
      const gauges = this.#levels.get(cluster)?.gauges ?? this.#gauges(cluster);
      this.#levels.set(cluster, { letters, replays, gauges });
    }
  }

  async #level(stream: string): Promise<Level> {
    try {
      const { state } = await this.#options.manager.streams.info(stream);
      const { messages, bytes } = state;
      return { messages, bytes, oldestMs: messages === 0 ? null : Date.parse(state.first_ts) };
    } catch (error) {
      if (isApiError(error, ApiCode.streamNotFound)) return { messages: 0, bytes: 0, oldestMs: null };
      throw error;
    }
  }

  #gauges(cluster: string): Disposable {
    const { metrics } = this.#options;
    const level = () => this.#levels.get(cluster);
    const all = new DisposableStack();
    all.use(metrics.gauge('tributary_control_dead_letters', { cluster }, () => level()?.letters.messages));
    all.use(metrics.gauge('tributary_control_dead_letter_bytes', { cluster }, () => level()?.letters.bytes));
    all.use(
      metrics.gauge('tributary_control_dead_letter_oldest_seconds', { cluster }, () => age(level()?.letters)),
    );
    all.use(metrics.gauge('tributary_control_replays_pending', { cluster }, () => level()?.replays.messages));
    all.use(
      metrics.gauge('tributary_control_replay_oldest_seconds', { cluster }, () => age(level()?.replays)),
    );
    return all;
  }
}

/** 0 if there is nothing. */
function age(level: Level | undefined): number | undefined {
  if (level === undefined) return undefined;
  return level.oldestMs === null ? 0 : Math.max(Date.now() - level.oldestMs, 0) / 1_000;
}
