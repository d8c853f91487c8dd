import {
  commonSettings,
  defineSettings,
  environmentName,
  logSettings,
  SettingsError,
  type Config,
} from '@tributary/service';

const MIB = 1024 * 1024;

/** Every setting of kafka-egress. */
export const settings = {
  ...commonSettings,
  ...logSettings,
  ...defineSettings({
    'egress.clusters': {
      type: 'list',
      default: [],
      doc: 'Names of the clusters this process serves. None named: all of the active mapping.',
    },
    'egress.driver': {
      type: 'choice',
      values: ['kafkajs', 'platformatic'],
      default: 'kafkajs',
      doc: 'Producer library.',
    },
    'egress.compression': {
      type: 'choice',
      values: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
      default: 'none',
      doc: 'Compression of what is sent to Kafka. kafkajs has none, gzip and zstd.',
    },
    'egress.batchRecords': {
      type: 'integer',
      default: 1_000,
      min: 1,
      max: 100_000,
      doc: 'Records after which what a partition gives to a send is full.',
    },
    'egress.batchBytes': {
      type: 'integer',
      unit: 'bytes',
      default: MIB,
      min: 1_024,
      max: 64 * MIB,
      doc: 'Bytes of records after which what a partition gives to a send is full.',
    },
    'egress.lingerMs': {
      type: 'integer',
      unit: 'ms',
      default: 10,
      min: 0,
      max: 1_000,
      doc: 'Least time between two sends to a cluster that are not full. What comes after a pause never waits.',
    },
    'egress.transactionLingerMs': {
      type: 'integer',
      unit: 'ms',
      default: 50,
      min: 0,
      max: 10_000,
      doc: 'Least time between two transactions of a partition that are not full, at exactly-once. What comes after a pause never waits.',
    },
    'egress.transactionTimeoutMs': {
      type: 'integer',
      unit: 'ms',
      default: 60_000,
      min: 1_000,
      max: 900_000,
      doc: "Time after which Kafka aborts a transaction that nobody ended. At most the brokers' transaction.max.timeout.ms.",
    },
    'egress.bufferBytes': {
      type: 'integer',
      unit: 'bytes',
      default: 4 * MIB,
      min: 64 * 1_024,
      max: 256 * MIB,
      doc: 'How far a partition reads ahead of Kafka.',
    },
    'egress.requestTimeoutMs': {
      type: 'integer',
      unit: 'ms',
      default: 30_000,
      min: 500,
      max: 300_000,
      doc: 'Time for a broker to answer one request.',
    },
    'egress.deliveryTimeoutMs': {
      type: 'integer',
      unit: 'ms',
      default: 600_000,
      min: 1_000,
      max: 3_600_000,
      doc: 'Time after which a send is given up and repeated by a new producer. The longer, the fewer duplicates.',
    },
    'egress.topicPatienceMs': {
      type: 'integer',
      unit: 'ms',
      default: 30_000,
      min: 0,
      max: 3_600_000,
      doc: 'How long records wait for a topic that is unknown or forbidden before they become dead letters.',
    },
    'egress.positionsTopic': {
      type: 'string',
      default: '__tributary_positions',
      pattern: /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/,
      form: 'a Kafka topic name',
      doc: 'Compacted topic that holds how far each partition has come. Two platforms on one Kafka need two.',
    },
    'egress.positionsReplication': {
      type: 'integer',
      default: -1,
      min: -1,
      max: 32,
      doc: "Copies of the positions topic when it is created; -1 is the broker's default.",
    },
    'egress.idleCommitMs': {
      type: 'integer',
      unit: 'ms',
      default: 200,
      min: 10,
      max: 60_000,
      doc: 'A position that no further records carry is committed alone after this time.',
    },
    'egress.unknownPosition': {
      type: 'choice',
      values: ['halt', 'restart'],
      default: 'halt',
      doc: 'What to do where Kafka holds no position, or one of another log or OUT: stop with a finding, or begin with the first message that OUT still holds.',
    },
  }),
};

export type EgressSettings = typeof settings;
export type EgressConfig = Config<EgressSettings>;

const KAFKAJS_COMPRESSIONS: readonly string[] = ['none', 'gzip', 'zstd'];

/** What one setting alone cannot say. @throws SettingsError */
export function checkTogether(config: EgressConfig): void {
  const compression = config['egress.compression'];
  if (config['egress.driver'] !== 'kafkajs' || KAFKAJS_COMPRESSIONS.includes(compression)) return;
  const setting = 'egress.compression';
  const message =
    `kafkajs has no ${compression}: ${setting} must be one of ${KAFKAJS_COMPRESSIONS.join(', ')}, ` +
    'or egress.driver platformatic';
  throw new SettingsError([{ setting, source: environmentName(setting), message }]);
}
