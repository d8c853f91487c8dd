import { connectNats, LogError, type ConnectionSettings } from '@tributary/log';
import type { NatsConnection } from '@nats-io/transport-node';
import { withDeadline } from './deadline.ts';
import type { Service } from './service.ts';
import type { CommonSettings } from './settings/common.ts';
import type { Config } from './settings/declaration.ts';

/** How long a service waits for its first connection, in ms, and how long of it without looking whether it stops. */
const CONNECT_MS = 30_000;
const ATTEMPT_MS = 500;
/** A server that says nothing for this long when the service stops is taken for gone, in ms. */
const SILENCE_MS = 1_500;

/**
 * Connects a service to NATS as its settings say and keeps its health and metrics up to date. The connection is
 * closed when the service stops, after everything that was registered later; before it if no server answers. Leases have a connection of their own:
 * their renewal must not wait behind megabytes of messages.
 * @throws LogError 'unreachable', 'not-authorized', 'server-too-old', 'jetstream-missing'; the reason of the service's signal
 */
export async function openNats(
  service: Service,
  purpose: 'data' | 'leases' = 'data',
): Promise<NatsConnection> {
  const component = purpose === 'data' ? 'nats' : `nats ${purpose}`;
  const { config, health, metrics, log, name, instance } = service;
  health.set(component, false, `connecting to ${config['nats.servers'].join(', ')}`);
  const about = { servers: [...config['nats.servers']], name: `${name} ${instance} ${purpose}` };
  const nats = await connectUnlessStopping({ ...about, ...credentials(config) }, service.signal, (why) =>
    health.set(component, false, why),
  );
  service.onStop(component, () => nats.close());
  service.signal.addEventListener('abort', () => void closeIfSilent(nats), { once: true });
  let connected = true;
  health.set(component, true);
  metrics.gauge('tributary_nats_connected', { connection: purpose }, () => Number(connected));
  const reconnects = metrics.counter('tributary_nats_reconnects_total', { connection: purpose });
  void (async () => {
    for await (const { type } of nats.status()) {
      if (type === 'disconnect') {
        connected = false;
        health.set(component, false, `no connection to ${config['nats.servers'].join(', ')}`);
      } else if (type === 'reconnect') {
        connected = true;
        reconnects.add();
        health.set(component, true);
        log.info({ server: nats.getServer() }, 'connected to NATS again');
      }
    }
  })();
  return nats;
}

async function connectUnlessStopping(
  settings: ConnectionSettings,
  signal: AbortSignal,
  failed: (why: string) => void,
): Promise<NatsConnection> {
  const giveUpAtMs = performance.now() + CONNECT_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await connectNats({ ...settings, timeoutMs: ATTEMPT_MS });
    } catch (error) {
      const unreachable = error instanceof LogError && error.code === 'unreachable';
      if (!unreachable || performance.now() >= giveUpAtMs) throw error;
      failed(error.message);
    }
  }
}

/**
 * Stopping asks for much: leases are given back, progress is reported, consumers are deleted, each with a time-out of its
 * own. All of it is for the sake of others only, who find out by themselves, so it is not asked of a server that is away.
 */
async function closeIfSilent(nats: NatsConnection): Promise<void> {
  try {
    await withDeadline(nats.flush(), SILENCE_MS, 'asking NATS');
  } catch {
    await nats.close();
  }
}

type Credentials = Pick<ConnectionSettings, 'user' | 'password' | 'token' | 'credentialsFile' | 'tls'>;

function credentials(config: Config<CommonSettings>): Credentials {
  const given: Credentials = {};
  const tls: NonNullable<Credentials['tls']> = {};
  if (config['nats.user'] !== undefined) given.user = config['nats.user'];
  if (config['nats.password'] !== undefined) given.password = config['nats.password'];
  if (config['nats.token'] !== undefined) given.token = config['nats.token'];
  if (config['nats.credentialsFile'] !== undefined) given.credentialsFile = config['nats.credentialsFile'];
  if (config['nats.tlsCaFile'] !== undefined) tls.caFile = config['nats.tlsCaFile'];
  if (config['nats.tlsCertFile'] !== undefined) tls.certFile = config['nats.tlsCertFile'];
  if (config['nats.tlsKeyFile'] !== undefined) tls.keyFile = config['nats.tlsKeyFile'];
  if (Object.keys(tls).length > 0) given.tls = tls;
  return given;
}
