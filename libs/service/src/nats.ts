import { connectNats } from '@tributary/log';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Service } from './service.ts';
import type { CommonSettings } from './settings/common.ts';
import type { Config } from './settings/declaration.ts';

const COMPONENT = 'nats';

/**
 * Connects a service to NATS as its settings say and keeps its health and metrics up to date. The connection is
 * closed when the service stops, after everything that was registered later.
 * @throws LogError 'unreachable', 'server-too-old', 'jetstream-missing'
 */
export async function openNats(service: Service): Promise<NatsConnection> {
  const { config, health, metrics, log, name, instance } = service;
  health.set(COMPONENT, false, `connecting to ${config['nats.servers'].join(', ')}`);
  const nats = await connectNats({
    servers: [...config['nats.servers']],
    name: `${name} ${instance}`,
    ...credentials(config),
  });
  service.onStop(COMPONENT, () => nats.close());
  let connected = true;
  health.set(COMPONENT, true);
  metrics.gauge('tributary_nats_connected', {}, () => Number(connected));
  const reconnects = metrics.counter('tributary_nats_reconnects_total');
  void (async () => {
    for await (const { type } of nats.status()) {
      if (type === 'disconnect') {
        connected = false;
        health.set(COMPONENT, false, `no connection to ${config['nats.servers'].join(', ')}`);
      } else if (type === 'reconnect') {
        connected = true;
        reconnects.add();
        health.set(COMPONENT, true);
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
