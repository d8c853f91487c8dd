import { defineSettings, type Config } from './settings/declaration.ts';

/** The shape of the log and of what stands beside it: every service that touches the log must be told the same. */
export const logSettings = defineSettings({
  'deployment.profile': {
    type: 'choice',
    values: ['dev', 'production'],
    default: 'dev',
    doc: 'What is verified at start. `production`: three copies of everything on NATS servers that write to disk before they answer, and leases that outlast an election of theirs.',
  },
  'nats.monitor': {
    type: 'list',
    default: [],
    doc: 'Monitoring URLs (http://host:8222) of all NATS servers. Needed in production: only there NATS says whether it writes to disk before it answers.',
  },
  'log.generation': {
    type: 'integer',
    default: 1,
    min: 1,
    max: 1_000_000,
    doc: 'Generation of the log. Another number of partitions is another generation.',
  },
  'log.partitions': { type: 'integer', default: 8, min: 1, max: 1_024, doc: 'Partitions of the log.' },
  'log.maxBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 1024 * 1024 * 1024,
    min: 1024 * 1024,
    doc: 'Bound of each partition of the log. A full partition makes devices wait. docs/outages.md says how to choose it.',
  },
  'log.duplicateWindowMs': {
    type: 'integer',
    unit: 'ms',
    default: 120_000,
    min: 4_000,
    max: 3_600_000,
    doc: 'How long JetStream recognizes an envelope that is sent again. For so long at least everything stays in the log, which therefore must be larger than what comes in this time.',
  },
  'log.replicas': {
    type: 'integer',
    default: 1,
    min: 1,
    max: 5,
    doc: 'Copies of every stream and bucket: 3 in production.',
  },
  'out.maxBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 512 * 1024 * 1024,
    min: 1024 * 1024,
    doc: 'Bound of the OUT stream of each cluster and partition: what a cluster that is away may leave behind before it needs the log.',
  },
  'deadLetters.maxBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 256 * 1024 * 1024,
    min: 64 * 1024,
    doc: 'Bound of the dead letters of each cluster. When they are full the cluster waits.',
  },
  'lease.ttlMs': {
    type: 'integer',
    unit: 'ms',
    default: 6_000,
    min: 600,
    max: 600_000,
    doc: 'An instance that has not renewed its lease for this long is taken for gone.',
  },
});

export type LogSettings = typeof logSettings;

/** The limits of the log's streams, which every service creates or verifies. */
export function logLimits(config: Config<LogSettings>) {
  return {
    maxBytes: config['log.maxBytes'],
    duplicateWindowMs: config['log.duplicateWindowMs'],
    replicas: config['log.replicas'],
  };
}
