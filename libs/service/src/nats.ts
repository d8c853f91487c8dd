import { connectNats } from '@tributary/log';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Service } from './service.ts';
import type { CommonSettings } from './settings/common.ts';
import type { Config } from './settings/declaration.ts';

/**
 * Connects a service to NATS as its settings say and keeps its health and metrics up to date. The connection is
 * closed when the service stops, after everything that was registered later. Leases have a connection of their own:
 * their renewal must not wait behind megabytes of messages.
 * @throws LogError 'unreachable', 'server-too-old', 'jetstream-missing'
 */
export async function openNats(
  service: Service,
  purpose: 'data' | 'leases' = 'data',
): Promise<NatsConnection> {
  const component = purpose === 'data' ? 'nats' : `nats ${purpose}`;
  const { config, health, metrics, log, name, instance } = service;
  health.set(component, false, `connecting to ${config['nats.servers'].join(', ')}`);
  const nats = await connectNats({
    servers: [...config['nats.servers']],
    name: `${name} ${instance} ${purpose}`,
    ...credentials(config),
  });
  service.onStop(component, () => nats.close());
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

type Credentials = Pick<
  Parameters<typeof connectNats>[0],
  'user' | 'password' | 'token' | 'credentialsFile' | 'tls'
>;

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
