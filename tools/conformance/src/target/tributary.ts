import { Proc, startNats } from '@tributary/testing';
import { RECEIVE_MAXIMUM, REFUSED_FILTER, SERVER_KEEP_ALIVE, type Engine, type Target } from './target.ts';

const HOST = '127.0.0.1';
const LEASE_MS = 5_000;

/** What devices meet: a nats-server, session-state and one ingress node with `engine`, all from source. */
export async function startTributary(engine: Engine): Promise<Target> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await startNats());
  const settings = { 'nats.servers': [nats.url], 'log.partitions': 2, 'lease.ttlMs': LEASE_MS };
  const session = Proc.start('session-state', { settings });
  const node = Proc.start('mqtt-ingress', {
    settings: {
      ...settings,
      'mqtt.host': HOST,
      'mqtt.port': 0,
      'websocket.host': HOST,
      'websocket.port': 0,
      'mqtt.engine': engine,
      'limits.keepAliveSeconds': SERVER_KEEP_ALIVE,
      'limits.unacknowledged': RECEIVE_MAXIMUM,
      'subscribe.refusedFilters': [REFUSED_FILTER],
    },
  });
  for (const proc of await Promise.all([session, node])) stack.use(proc);
  const ingress = await node;
  const owned = stack.move();
  return {
    name: `Tributary, ${engine}`,
    kind: engine,
    host: HOST,
    port: Number(new URL(ingress.endpoint('mqtt')).port),
    websocket: ingress.endpoint('websocket'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
