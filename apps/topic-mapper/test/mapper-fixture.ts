import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { buckets, EMPTY, logReaders, RowKind, type LogShape, type RowInput } from '@tributary/contracts';
import {
  connectNats,
  CursorRegistry,
  ensureLog,
  ensureOut,
  LogAppender,
  MappingVersions,
  openBucket,
  Publisher,
  type LogTopology,
} from '@tributary/log';
import { compileMapping } from '@tributary/mapping';
import { Proc, startNats, type NatsOptions, type NatsServer, type ProcOptions } from '@tributary/testing';

export const shape: LogShape = { generation: 1, partitions: 2 };
const limits = { maxBytes: 1024 * 1024 * 1024, replicas: 1 };

/** A real nats-server with a log, and the hands that devices and the control plane would have. */
export interface MapperFixture extends AsyncDisposable {
  readonly server: NatsServer;
  readonly nats: NatsConnection;
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly versions: MappingVersions;
  readonly cursors: CursorRegistry;
  readonly appender: LogAppender;
  topology(): Promise<LogTopology>;
  /** Stores a text as the next version and makes it active, as the control plane does. */
  apply(text: string): Promise<number>;
  /** Starts a mapper on its own; its end is that of the fixture, if not earlier. */
  mapper(options?: ProcOptions): Promise<Proc>;
}

export async function startFixture(options: NatsOptions = {}): Promise<MapperFixture> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startNats(options));
  const nats = await connectNats({ servers: [server.url], name: 'test' });
  starting.defer(() => nats.close());
  const js = jetstream(nats);
  const manager = await jetstreamManager(nats);
  const topology = (): Promise<LogTopology> => ensureLog(manager, shape, limits);
  await topology();
  const versions = new MappingVersions(await openBucket(js, buckets.config, { replicas: 1 }));
  const cursors = new CursorRegistry(await openBucket(js, buckets.cursors, { replicas: 1 }));
  const appender = new LogAppender(new Publisher(nats), shape);
  starting.defer(() => appender.close());
  let version = 0;
  const scope = starting.move();
  return {
    server,
    nats,
    js,
    manager,
    versions,
    cursors,
    appender,
    topology,
    async apply(text) {
      const compiled = compileMapping(text);
      if (compiled.ok) {
        for (const { name } of compiled.mapping.clusters) {
          await ensureOut(manager, name, shape, limits);
          await cursors.register(logReaders.cluster(name), await topology());
        }
      }
      version++;
      await versions.create({ version, text, source: '', appliedBy: 'test', comment: '', appliedAtMs: 0 });
      await versions.activate(version, await versions.active());
      return version;
    },
    async mapper({ settings = {}, ...rest } = {}) {
      const own = {
        'nats.servers': [server.url],
        'log.partitions': shape.partitions,
        'log.maxBytes': limits.maxBytes,
        'out.maxBytes': limits.maxBytes,
        'lease.ttlMs': 4_000,
      };
      return scope.use(await Proc.start('topic-mapper', { settings: { ...own, ...settings }, ...rest }));
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}

/** A mapping with one route that takes everything; `extra` is put under the route. */
export function mappingText(...extra: string[]): string {
  return [
    'version: 1',
    'clusters:',
    '  main: { brokers: ["kafka:9092"] }',
    'routes:',
    '  - name: all',
    '    from: { mqtt: "dev/{device}/#" }',
    '    to:',
    '      kafka: devices',
    ...extra.map((line) => `    ${line}`),
    '',
  ].join('\n');
}

/** A mapping with so many routes that all take everything. */
export function fanOutText(routes: number): string {
  const [head = '', route = ''] = mappingText().split('routes:\n');
  const copies = range(routes).map((n) => route.replace('name: all', `name: all-${n}`));
  return `${head}routes:\n${copies.join('')}`;
}

/** A PUBLISH whose payload begins with its number. */
export function publish(n: number, options: Partial<RowInput> & { bytes?: number } = {}): RowInput {
  const { bytes = 0, ...fields } = options;
  return {
    kind: RowKind.publish,
    qos: 1,
    retain: false,
    dup: false,
    packetId: 1,
    protocolVersion: 5,
    receivedMs: 1_700_000_000_000 + n,
    epoch: 1,
    topic: `dev/${n % 50}/temperature`,
    clientId: Buffer.from(`client-${n % 7}`),
    sessionId: EMPTY,
    username: EMPTY,
    trace: EMPTY,
    origin: EMPTY,
    properties: EMPTY,
    payload: Buffer.from(String(n).padEnd(bytes)),
    ...fields,
  };
}

export const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
