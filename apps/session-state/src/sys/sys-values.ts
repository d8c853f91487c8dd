import type { NodeCounts, NodeStats } from '@tributary/contracts';
import type { FleetStats } from './fleet-stats.ts';
import { LoadAverage } from './load-average.ts';

/** What only session-state knows. */
export interface RoutingStats {
  /** Sessions whose device is away. */
  readonly disconnected: number;
  readonly subscriptions: number;
  readonly retained: number;
}

/** Topics of Mosquitto below `$SYS/broker/`, and the count each shows. */
const COUNT_TOPICS: readonly [topic: string, count: keyof NodeCounts][] = [
  ['messages/received', 'messagesReceived'],
  ['messages/sent', 'messagesSent'],
  ['publish/messages/received', 'publishReceived'],
  ['publish/messages/sent', 'publishSent'],
  ['publish/messages/dropped', 'publishDropped'],
  ['publish/bytes/received', 'publishBytesReceived'],
  ['bytes/received', 'bytesReceived'],
  ['bytes/sent', 'bytesSent'],
];

/** The same for `$SYS/broker/load/`. */
const LOAD_TOPICS: readonly [topic: string, count: keyof NodeCounts][] = [
  ['messages/received', 'messagesReceived'],
  ['messages/sent', 'messagesSent'],
  ['publish/received', 'publishReceived'],
  ['publish/sent', 'publishSent'],
  ['publish/dropped', 'publishDropped'],
  ['bytes/received', 'bytesReceived'],
  ['bytes/sent', 'bytesSent'],
  ['connections', 'connections'],
  ['sockets', 'sockets'],
];

/** The values of all `$SYS` topics: of the platform under `$SYS/broker`, of each ingress node under `$SYS/brokers/<node>`. */
export class SysValues {
  readonly #fleet: FleetStats;
  readonly #loads: { topic: string; count: keyof NodeCounts; average: LoadAverage }[];

  /** @param now on the monotonic clock, in ms */
  constructor(fleet: FleetStats, now: number) {
    this.#fleet = fleet;
    this.#loads = LOAD_TOPICS.map(([topic, count]) => ({
      topic,
      count,
      average: new LoadAverage(fleet.counts[count], now),
    }));
  }

  /** As of now. @param version of session-state */
  *all(version: string, routing: RoutingStats, now: number): Generator<[topic: string, value: string]> {
    const fleet = this.#fleet;
    const { clients, startedAtMs } = fleet;
    const broker = '$SYS/broker';
    yield [`${broker}/version`, `tributary version ${version}`];
    if (startedAtMs !== undefined) yield [`${broker}/uptime`, uptime(startedAtMs)];
    yield [`${broker}/clients/connected`, String(clients)];
    yield [`${broker}/clients/active`, String(clients)];
    yield [`${broker}/clients/disconnected`, String(routing.disconnected)];
    yield [`${broker}/clients/inactive`, String(routing.disconnected)];
    yield [`${broker}/clients/total`, String(clients + routing.disconnected)];
    yield [`${broker}/clients/maximum`, String(fleet.mostClients)];
    yield [`${broker}/subscriptions/count`, String(routing.subscriptions)];
    yield [`${broker}/retained messages/count`, String(routing.retained)];
    yield* counts(broker, fleet.counts);
    for (const { topic, count, average } of this.#loads) {
      average.update(fleet.counts[count], now);
      for (const [span, value] of average.values()) {
        yield [`${broker}/load/${topic}/${span}`, value.toFixed(2)];
      }
    }
    for (const [node, stats] of fleet.nodes()) yield* ofNode(node, stats);
  }
}

function* ofNode(
  node: string,
  { version, startedAtMs, clients, counts: done }: NodeStats,
): Generator<[string, string]> {
  const root = `$SYS/brokers/${node}`;
  yield [`${root}/version`, `tributary version ${version}`];
  yield [`${root}/uptime`, uptime(startedAtMs)];
  yield [`${root}/clients/connected`, String(clients)];
  yield* counts(root, done);
}

function* counts(root: string, of: NodeCounts): Generator<[string, string]> {
  for (const [topic, count] of COUNT_TOPICS) yield [`${root}/${topic}`, String(of[count])];
}

function uptime(startedAtMs: number): string {
  return `${Math.max(Math.round((Date.now() - startedAtMs) / 1_000), 0)} seconds`;
}
