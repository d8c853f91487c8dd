import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { subjects, type NodeStats } from '@tributary/contracts';
import { FleetStats } from './fleet-stats.ts';
import type { SysTopics } from './sys-topics.ts';
import { SysValues, type RoutingStats } from './sys-values.ts';

export interface SysPublisherOptions {
  nats: NatsConnection;
  topics: SysTopics;
  version: string;
  /** Time between two looks, in ms; 0: no `$SYS` topics at all. */
  intervalMs: number;
  routing(): RoutingStats;
}

/** A node says how it does every two seconds; one that has not for so long is gone, in ms. */
const SILENCE_MS = 10_000;

/** Listens to the ingress nodes and keeps the `$SYS` topics up to date, while this process routes. */
export class SysPublisher implements Disposable {
  readonly #options: SysPublisherOptions;
  readonly #fleet = new FleetStats(SILENCE_MS);
  readonly #values: SysValues;
  readonly #heard: Subscription | null = null;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(options: SysPublisherOptions) {
    this.#options = options;
    this.#values = new SysValues(this.#fleet, performance.now());
    const { nats, intervalMs } = options;
    if (intervalMs === 0) return;
    const prefix = subjects.nodeStats('');
    this.#heard = nats.subscribe(subjects.nodeStats('*'), {
      callback: (error, message) => {
        if (error) return;
        this.#fleet.heard(message.subject.slice(prefix.length), message.json<NodeStats>(), performance.now());
      },
    });
    this.#timer = setInterval(() => this.#publish(), intervalMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#heard?.unsubscribe();
  }

  #publish(): void {
    const { topics, version, routing } = this.#options;
    const now = performance.now();
    this.#fleet.sweep(now);
    topics.replace(this.#values.all(version, routing(), now));
  }
}
