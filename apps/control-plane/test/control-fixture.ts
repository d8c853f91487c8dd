import { credentials, type ServiceError } from '@grpc/grpc-js';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { buckets, type LogShape } from '@tributary/contracts';
import {
  MappingServiceClient,
  type ApplyRequest,
  type ApplyResponse,
  type GetActiveResponse,
  type GetVersionResponse,
  type HistoryResponse,
  type ValidateResponse,
} from '@tributary/contracts/control';
import {
  connectNats,
  CursorRegistry,
  ensureLog,
  MappingVersions,
  openBucket,
  type LogTopology,
} from '@tributary/log';
import { Proc, startNats, type NatsServer, type ProcOptions } from '@tributary/testing';

export const shape: LogShape = { generation: 1, partitions: 2 };
const limits = { maxBytes: 64 * 1024 * 1024, replicas: 1 };

/** A real nats-server, and whoever looks at what control planes do to it. */
export interface ControlFixture extends AsyncDisposable {
  readonly server: NatsServer;
  readonly nats: NatsConnection;
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly versions: MappingVersions;
  readonly cursors: CursorRegistry;
  topology(): Promise<LogTopology>;
  controlPlane(settings?: ProcOptions['settings']): Promise<ControlPlane>;
  /** Everything that applying a mapping could change, to be compared. */
  snapshot(): Promise<unknown>;
}

/** A control plane and a client of it. */
export interface ControlPlane {
  readonly proc: Proc;
  validate(text: string): Promise<ValidateResponse>;
  apply(text: string, request?: Partial<ApplyRequest>): Promise<ApplyResponse>;
  active(): Promise<GetActiveResponse>;
  version(version: number): Promise<GetVersionResponse>;
  history(limit?: number, before?: number): Promise<HistoryResponse>;
}

export async function startControl(): Promise<ControlFixture> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startNats());
  const nats = await connectNats({ servers: [server.url], name: 'test' });
  starting.defer(() => nats.close());
  const js = jetstream(nats);
  const manager = await jetstreamManager(nats);
  const versions = new MappingVersions(await openBucket(js, buckets.config, { replicas: 1 }));
  const cursors = new CursorRegistry(await openBucket(js, buckets.cursors, { replicas: 1 }));
  const scope = starting.move();
  return {
    server,
    nats,
    js,
    manager,
    versions,
    cursors,
    topology: () => ensureLog(manager, shape, limits),
    async controlPlane(settings = {}) {
      const own = {
        'nats.servers': [server.url],
        'log.partitions': shape.partitions,
        'log.maxBytes': limits.maxBytes,
        'out.maxBytes': limits.maxBytes,
      };
      const proc = scope.use(await Proc.start('control-plane', { settings: { ...own, ...settings } }));
      const client = new MappingServiceClient(proc.endpoint('grpc'), credentials.createInsecure());
      scope.defer(() => client.close());
      return clientOf(proc, client);
    },
    async snapshot() {
      const streams = [];
      for await (const { config, state } of manager.streams.list()) {
        if (!config.name.startsWith('KV_')) streams.push([config.name, state.messages]);
      }
      const entries = await cursors.entries();
      return {
        streams: streams.toSorted(),
        entries,
        active: await versions.active(),
        next: await versions.read(99),
      };
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}

type Callback<T> = (error: ServiceError | null, response: T) => void;

function clientOf(proc: Proc, client: MappingServiceClient): ControlPlane {
  const call = <T>(run: (done: Callback<T>) => unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      run((error, response) => (error ? reject(error) : resolve(response)));
    });
  return {
    proc,
    validate: (text) => call((done) => client.validate({ text, source: 'mapping.yaml' }, done)),
    apply: (text, request = {}) =>
      call((done) =>
        client.apply(
          { text, source: 'mapping.yaml', author: 'ada', comment: 'because', expectedVersion: 0, ...request },
          done,
        ),
      ),
    active: () => call((done) => client.getActive({}, done)),
    version: (version) => call((done) => client.getVersion({ version }, done)),
    history: (limit = 0, before = 0) => call((done) => client.history({ limit, before }, done)),
  };
}

export function mappingText(...clusters: string[]): string {
  return [
    'version: 1',
    'clusters:',
    ...clusters.map((name) => `  ${name}: { brokers: ["kafka:9092"] }`),
    `defaults: { cluster: ${clusters[0]} }`,
    'routes:',
    '  - name: all',
    '    from: { mqtt: "dev/#" }',
    '    to: { kafka: devices }',
    '',
  ].join('\n');
}
