import { parseArgs } from 'node:util';
import { BenchError } from './errors.ts';
import { MAX_CLIENTS, MARK_BYTES } from './message-mark.ts';

export type QoS = 0 | 1 | 2;
export type ProducerName = 'kafkajs' | 'platformatic';

export const SERVICES = [
  'mqtt-ingress',
  'session-state',
  'topic-mapper',
  'kafka-egress',
  'control-plane',
] as const;
export type ServiceName = (typeof SERVICES)[number];

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
  runs: number;
  /** Of the Kafka topic. */
  partitions: number;
  /** MQTT topics of each client. */
  topics: number;
  profile: ProfiledName[];
  /** Settings that differ from their defaults, by service. */
  set: { service: ServiceName; key: string; value: string }[];
  json: boolean;
}

const declared = {
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
  runs: { type: 'string', value: 'N', doc: 'runs, of which the median is reported (default 1)' },
  partitions: { type: 'string', value: 'N', doc: 'partitions of the Kafka topic (default 8)' },
  topics: { type: 'string', value: 'N', doc: 'MQTT topics that each client publishes to (default 1)' },
  profile: {
    type: 'string',
    value: 'NAME',
    multiple: true,
    doc: `write a CPU profile of ${PROFILED.join(', ')}; may be repeated`,
  },
  set: {
    type: 'string',
    value: 'SERVICE:KEY=VALUE',
    multiple: true,
    doc: 'change a setting, as mqtt-ingress:log.lingerMs=8; may be repeated',
  },
  json: { type: 'boolean', doc: 'print everything as JSON and nothing else on standard output' },
  help: { type: 'boolean', doc: 'show this list' },
} as const;

type Name = keyof typeof declared;

/** The list of options, for the screen. */
export function usage(): string {
  const lines = Object.entries(declared).map(([name, option]) => {
    const left = `--${name}${'value' in option ? ` ${option.value}` : ''}`;
    return `  ${left.padEnd(26)} ${option.doc}`;
  });
  return ['npm run bench -- pipeline [options]', ...lines].join('\n');
}

/** Reads the command line; undefined if only help is wanted. Errors: `usage`, which names every problem at once. */
export function parsePipelineOptions(args: readonly string[]): PipelineOptions | undefined {
  const { values, tokens } = parseArgs({ args: [...args], options: declared, strict: false, tokens: true });
  const problems: string[] = [];
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.entries(declared).find(([name]) => name === token.name)?.[1];
    if (!option) problems.push(`unknown option ${token.rawName}`);
    else if (option.type === 'string' && (token.value === undefined || token.value === ''))
      problems.push(`${token.rawName} needs a value`);
    else if (option.type === 'boolean' && token.value !== undefined)
      problems.push(`${token.rawName} takes no value`);
  }
  if (values.help === true && problems.length === 0) return undefined;
  if (positionals[0] !== 'pipeline')
    problems.push(
      `say what to measure: pipeline${positionals[0] === undefined ? '' : `, not ${positionals[0]}`}`,
    );
  for (const extra of positionals.slice(1)) problems.push(`"${extra}" is not an option`);

  const text = (name: Name): string | undefined => {
    const value = values[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const list = (name: 'profile' | 'set'): string[] =>
    (values[name] ?? []).filter((value): value is string => typeof value === 'string' && value !== '');
  const number = (name: Name, fallback: number, min: number, max: number): number => {
    const value = text(name);
    if (value === undefined) return fallback;
    if (/^\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    problems.push(`--${name} must be a whole number from ${min} to ${max}, not ${value}`);
    return fallback;
  };
  const choice = <T extends string>(name: Name, value: string, allowed: readonly T[], fallback: T): T => {
    const found = allowed.find((one) => one === value);
    if (found === undefined) problems.push(`--${name} must be one of ${allowed.join(', ')}, not ${value}`);
    return found ?? fallback;
  };
  const rate = text('rate') ?? 'max';
  const options: PipelineOptions = {
    seconds: number('seconds', 30, 1, 86_400),
    warmup: number('warmup', 10, 0, 3_600),
    clients: number('clients', 1_000, 1, Math.min(MAX_CLIENTS, 50_000)),
    qos: Number(choice('qos', text('qos') ?? '1', ['0', '1', '2'], '1')) as QoS,
    payload: number('payload', 256, MARK_BYTES, 512 * 1024),
    window: number('window', 1, 1, 10_000),
    rate: rate === 'max' ? null : number('rate', 1, 1, 10_000_000),
    producer: choice('producer', text('producer') ?? 'kafkajs', ['kafkajs', 'platformatic'], 'kafkajs'),
    runs: number('runs', 1, 1, 99),
    partitions: number('partitions', 8, 1, 1_000),
    topics: number('topics', 1, 1, 10_000),
    profile: list('profile').map((name) => choice('profile', name, PROFILED, 'mqtt-ingress')),
    set: list('set').flatMap((change) => {
      const [, service = '', key = '', value = ''] = /^([a-z-]+):([A-Za-z.]+)=(.+)$/.exec(change) ?? [];
      if (key !== '') return [{ service: choice('set', service, SERVICES, 'mqtt-ingress'), key, value }];
      problems.push(`--set must be SERVICE:KEY=VALUE, not ${change}`);
      return [];
    }),
    json: values.json === true,
  };
  if (problems.length > 0) throw new BenchError('usage', [...problems, '', usage()].join('\n'));
  return options;
}
