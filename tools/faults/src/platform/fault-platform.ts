import { KafkaAdmin } from '@tributary/kafka';
import { Services, uniqueName, until, type Proc } from '@tributary/testing';
import { DELIVERIES, faultMapping, PARTITIONS, topicOf } from './deliveries.ts';
import { Links } from './links.ts';
import { metricsOf, telling, type Counts } from './metrics.ts';
import { profiles, type ProfileName } from './profiles.ts';
import type { Servers } from './servers.ts';

const READY_MS = 60_000;

/** A whole platform that is there to be broken: two of each service, a proxy on every connection. */
export class FaultPlatform implements AsyncDisposable {
  readonly profile: ProfileName;
  readonly servers: Servers;
  readonly services: Services;
  readonly links: Links;
  readonly rows: readonly string[];
  readonly #stack: AsyncDisposableStack;
  readonly #admin: KafkaAdmin;
  #edition = 1;

  private constructor(
    profile: ProfileName,
    rows: readonly string[],
    parts: { servers: Servers; services: Services; links: Links; admin: KafkaAdmin },
    stack: AsyncDisposableStack,
  ) {
    this.profile = profile;
    this.rows = rows;
    this.servers = parts.servers;
    this.services = parts.services;
    this.links = parts.links;
    this.#admin = parts.admin;
    this.#stack = stack;
  }

  /** @param rows the rows that it will serve: each has topics of its own */
  static async start(profile: ProfileName, rows: readonly string[]): Promise<FaultPlatform> {
    await using stack = new AsyncDisposableStack();
    const links = stack.use(new Links());
    const servers = stack.use(await profiles[profile].start(links));
    const admin = stack.use(new KafkaAdmin({ brokers: servers.brokers, clientId: 'faults' }));
    const services = stack.use(
      await Services.start({
        nats: (name) => servers.natsFor(name),
        brokers: servers.servedBrokers,
        ingress: 2,
        instances: 2,
        settings: { 'log.replicas': servers.replicas, ...servers.settings },
        own: {
          // Listeners of the longest outages lose nothing, and keep their sessions when a clock is wrong.
          'session-state': { 'limits.queueMessages': 65_000, 'limits.queueBytes': 64 * 1024 * 1024 },
          'mqtt-ingress': { 'session.maxExpirySeconds': 0xffff_ffff },
          // The driver that does both deliveries.
          'kafka-egress': {
            'egress.positionsTopic': uniqueName('positions'),
            'egress.driver': 'platformatic',
          },
        },
      }),
    );
    for (const name of services.of('mqtt-ingress')) {
      const { hostname, port } = new URL(services.get(name).endpoint('mqtt'));
      await links.add('devices–mqtt-ingress', name, { host: hostname, port: Number(port) });
    }
    await services.apply(faultMapping({ rows, replication: servers.replicas }));
    return new FaultPlatform(profile, rows, { servers, services, links, admin }, stack.move());
  }

  /** Where devices connect. */
  get mqtt(): { host: string; port: number }[] {
    return this.links.of('devices–mqtt-ingress').map(({ host, port }) => ({ host, port }));
  }

  /** Creates the Kafka topics of a row. */
  async createTopics(row: string): Promise<void> {
    const replication = this.servers.replicas;
    await this.#admin.createTopics(
      DELIVERIES.map((delivery) => ({
        topic: topicOf(delivery, row),
        partitions: PARTITIONS,
        replication,
      })),
    );
  }

  /** Applies another edition of the mapping; says which version it is. */
  async remap(beside?: string): Promise<number> {
    const edition = `edition-${++this.#edition}`;
    const options = { rows: this.rows, replication: this.servers.replicas, edition };
    const text = faultMapping({ ...options, ...(beside !== undefined && { beside }) });
    const { version } = await this.services.apply(text);
    return version;
  }

  /** What every service has counted, by its name. */
  async metrics(): Promise<Map<string, Counts | undefined>> {
    const entries = this.services.names.map(async (name): Promise<[string, Counts | undefined]> => [
      name,
      await metricsOf(this.services.get(name)),
    ]);
    return new Map(await Promise.all(entries));
  }

  /** What services counted since, in words, each with the name of its service. */
  async counted(since: ReadonlyMap<string, Counts | undefined>): Promise<string[]> {
    const now = await this.metrics();
    return [...now].flatMap(([name, after]) => {
      const words = telling(since.get(name), after);
      return words.length === 0 ? [] : [`${name}: ${words.join(', ')}`];
    });
  }

  /** Resolves when every service is ready again and no partition stands still; the error says which is not. */
  async healthy(timeoutMs = READY_MS): Promise<void> {
    this.links.pass();
    const deadline = performance.now() + timeoutMs;
    for (const name of this.services.names) {
      const left = Math.max(0, deadline - performance.now());
      await until(() => ready(this.services.get(name)), {
        what: `${name} is ready`,
        timeoutMs: left,
        intervalMs: 100,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function ready(proc: Proc): Promise<boolean> {
  const response = await proc.get('/readyz', AbortSignal.timeout(1_000));
  if (!response.ok) throw new Error(await response.text());
  if ((await metricsOf(proc))?.get('tributary_partition_halted')) throw new Error('a partition is halted');
  return true;
}
