import type { CommandLine } from './command-line.ts';
import { MAX_CLIENTS, MARK_BYTES } from './message-mark.ts';
import {
  engineOption,
  nodeOption,
  readEngines,
  readNodeFlags,
  readSettings,
  SERVICES,
  setOption,
  type EngineChoice,
  type NodeFlag,
  type ServiceSetting,
} from './service-options.ts';

export type QoS = 0 | 1 | 2;
export type ProducerName = 'kafkajs' | 'platformatic';

export const PROFILED = [...SERVICES, 'load', 'consumer'] as const;
export type ProfiledName = (typeof PROFILED)[number];

export interface PipelineOptions {
  seconds: number;
  warmup: number;
  clients: number;
  qos: QoS;
  payload: number;
  window: number;
  /** Messages per second; null is as fast as possible. */
  rate: number | null;
  producer: ProducerName;
  /** Measured in turn, as often as `runs` says each. */
  engines: EngineChoice[];
  runs: number;
  /** Of the Kafka topic. */
  partitions: number;
  /** MQTT topics of each client. */
  topics: number;
  profile: ProfiledName[];
  /** Settings that differ from their defaults. */
  set: ServiceSetting[];
  node: NodeFlag[];
  json: boolean;
}

export const pipelineOptions = {
  seconds: { type: 'string', value: 'N', doc: 'length of the measured part of a run (default 30)' },
  warmup: { type: 'string', value: 'N', doc: 'seconds of the same load before it (default 10)' },
  clients: { type: 'string', value: 'N', doc: 'MQTT connections (default 1000)' },
  qos: { type: 'string', value: '0|1|2', doc: 'quality of service of the messages (default 1)' },
  payload: {
    type: 'string',
    value: 'BYTES',
    doc: `size of a payload, at least ${MARK_BYTES} (default 256)`,
  },
  window: { type: 'string', value: 'N', doc: 'messages in flight of each client (default 1)' },
  rate: { type: 'string', value: 'N|max', doc: 'messages per second of all clients (default max)' },
  producer: { type: 'string', value: 'NAME', doc: 'kafkajs or platformatic (default kafkajs)' },
  engine: { ...engineOption, doc: `${engineOption.doc} (default: as the service has it)` },
  runs: {
    type: 'string',
    value: 'N',
    doc: 'runs of each engine, of which the median is reported (default 1)',
  },
  partitions: { type: 'string', value: 'N', doc: 'partitions of the Kafka topic (default 8)' },
  topics: { type: 'string', value: 'N', doc: 'MQTT topics that each client publishes to (default 1)' },
  profile: {
    type: 'string',
    value: 'NAME',
    multiple: true,
    doc: `write a CPU profile of ${PROFILED.join(', ')}; may be repeated`,
  },
  set: setOption,
  node: nodeOption,
  json: { type: 'boolean', doc: 'print everything as JSON and nothing else on standard output' },
  help: { type: 'boolean', doc: 'show this list' },
} as const;

export function readPipelineOptions(line: CommandLine<keyof typeof pipelineOptions>): PipelineOptions {
  const rate = line.text('rate') ?? 'max';
  return {
    seconds: line.number('seconds', 30, 1, 86_400),
    warmup: line.number('warmup', 10, 0, 3_600),
    clients: line.number('clients', 1_000, 1, Math.min(MAX_CLIENTS, 50_000)),
    qos: Number(line.choice('qos', line.text('qos') ?? '1', ['0', '1', '2'], '1')) as QoS,
    payload: line.number('payload', 256, MARK_BYTES, 512 * 1024),
    window: line.number('window', 1, 1, 10_000),
    rate: rate === 'max' ? null : line.number('rate', 1, 1, 10_000_000),
    producer: line.choice(
      'producer',
      line.text('producer') ?? 'kafkajs',
      ['kafkajs', 'platformatic'],
      'kafkajs',
    ),
    engines: readEngines(line, ['default']),
    runs: line.number('runs', 1, 1, 99),
    partitions: line.number('partitions', 8, 1, 1_000),
    topics: line.number('topics', 1, 1, 10_000),
    profile: line.list('profile').map((name) => line.choice('profile', name, PROFILED, 'mqtt-ingress')),
    set: readSettings(line),
    node: readNodeFlags(line),
    json: line.flag('json'),
  };
}
