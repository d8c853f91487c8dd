import { defineSettings } from './declaration.ts';

/** What every service can be told. A service's own settings are added to these. */
export const commonSettings = defineSettings({
  'service.instance': {
    type: 'string',
    pattern: /^[A-Za-z0-9_-]{1,64}$/,
    form: 'up to 64 letters, digits, - and _',
    doc: 'Id of this process among those of the same service. By default the host name and a random suffix.',
  },
  'service.shutdownSeconds': {
    type: 'number',
    unit: 's',
    default: 20,
    min: 0.1,
    max: 600,
    doc: 'How long stopping may take before the process exits all the same.',
  },
  'service.readinessDelayMs': {
    type: 'integer',
    unit: 'ms',
    default: 0,
    min: 0,
    max: 300_000,
    doc: 'How long to go on serving after readiness went off, for a load balancer to notice. Part of the shutdown time.',
  },
  'log.level': {
    type: 'choice',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    default: 'info',
    doc: 'Least severe level that is logged. The Admin service changes it at run time.',
  },
  'http.host': { type: 'string', default: '127.0.0.1', doc: 'Address for health and metrics.' },
  'http.port': {
    type: 'integer',
    default: 0,
    min: 0,
    max: 65_535,
    doc: 'Port for /livez, /readyz and /metrics; 0 takes a free one.',
  },
  'grpc.host': {
    type: 'string',
    default: '127.0.0.1',
    doc: 'Address for gRPC: Admin, health, reflection. It has no authentication of its own: keep it inside.',
  },
  'grpc.port': {
    type: 'integer',
    default: 0,
    min: 0,
    max: 65_535,
    doc: 'Port for gRPC; 0 takes a free one.',
  },
  'nats.servers': {
    type: 'list',
    default: ['nats://127.0.0.1:4222'],
    doc: 'NATS servers, any of one cluster.',
  },
  'nats.user': { type: 'string', doc: 'User name for NATS.' },
  'nats.password': { type: 'string', secret: true, doc: 'Password for NATS.' },
  'nats.token': { type: 'string', secret: true, doc: 'Token for NATS.' },
  'nats.credentialsFile': {
    type: 'string',
    doc: 'Credentials file for NATS: a JWT and its seed, or the seed of an nkey alone.',
  },
  'nats.tlsCaFile': { type: 'string', doc: 'CA certificates that NATS servers must be signed by.' },
  'nats.tlsCertFile': { type: 'string', doc: 'Client certificate for NATS.' },
  'nats.tlsKeyFile': { type: 'string', doc: 'Key of the client certificate for NATS.' },
});

export type CommonSettings = typeof commonSettings;
