import { networkInterfaces } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WORKSPACE } from '@tributary/testing';
import { DevError } from './errors.ts';

export interface StartOptions {
  /** File of the mapping to apply and watch. */
  mapping: string;
  /** Folder of all state. */
  data: string;
  fresh: boolean;
  host: string;
  portOffset: number;
  /** Number of ingress nodes. */
  ingress: number;
  /** URLs of a NATS that the user runs; ours is started if there is none. */
  nats?: string;
  /** host:port, comma separated, of a Kafka that the user runs; ours is started if there is none. */
  kafka?: string;
}

const MAX_INGRESS = 10;
const MAX_OFFSET = 50_000;

const declared = {
  mapping: {
    type: 'string',
    value: 'FILE',
    doc: 'apply this mapping and watch it (default tools/dev/mapping.yaml)',
  },
  data: {
    type: 'string',
    value: 'DIR',
    doc: 'keep state here (default .tributary/data, or data-N with an offset N)',
  },
  fresh: { type: 'boolean', doc: 'discard the state that is there' },
  host: {
    type: 'string',
    value: 'ADDRESS',
    doc: 'serve devices and Kafka clients on this address (default 127.0.0.1)',
  },
  'port-offset': {
    type: 'string',
    value: 'N',
    doc: 'add N to every port: a second platform beside the first',
  },
  ingress: { type: 'string', value: 'N', doc: `start N ingress nodes, 1 to ${MAX_INGRESS} (default 1)` },
  nats: { type: 'string', value: 'URL', doc: 'use this NATS (>= 2.12, with JetStream) and start none' },
  kafka: { type: 'string', value: 'BROKERS', doc: 'use this Kafka, host:port[,host:port], and start none' },
  help: { type: 'boolean', doc: 'show this list' },
} as const;

/** The list of options, for the screen. */
export function usage(): string {
  const lines = Object.entries(declared).map(([name, option]) => {
    const left = `--${name}${'value' in option ? ` ${option.value}` : ''}`;
    return `  ${left.padEnd(18)} ${option.doc}`;
  });
  return ['npm start -- [options]', ...lines].join('\n');
}

/**
 * Options of `npm start`; undefined if only help is wanted. Every problem is named at once, with the list of options.
 * `directory` is where relative file names begin.
 */
export function parseStartOptions(args: readonly string[], directory: string): StartOptions | undefined {
  const { values, tokens } = parseArgs({ args: [...args], options: declared, strict: false, tokens: true });
  const problems = tokens.flatMap((token, i) => {
    const before = tokens[i - 1];
    // What follows an unknown option may be its value: one complaint is enough.
    const isValue = before?.kind === 'option' && !(before.name in declared);
    if (token.kind === 'positional') return isValue ? [] : [`"${token.value}" is not an option`];
    if (token.kind !== 'option') return [];
    const option = Object.entries(declared).find(([name]) => name === token.name)?.[1];
    if (!option) return [`unknown option ${token.rawName}`];
    if (option.type === 'string' && (token.value === undefined || token.value === ''))
      return [`${token.rawName} needs a value`];
    if (option.type === 'boolean' && token.value !== undefined) return [`${token.rawName} takes no value`];
    return [];
  });
  const text = (name: keyof typeof declared) => {
    const value = values[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const number = (name: 'port-offset' | 'ingress', fallback: number, min: number, max: number) => {
    const value = text(name);
    if (value === undefined) return fallback;
    if (/^\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    problems.push(`--${name} must be a whole number from ${min} to ${max}, not ${value}`);
    return fallback;
  };
  const path = (value: string) => (isAbsolute(value) ? value : resolve(directory, value));

  const portOffset = number('port-offset', 0, 0, MAX_OFFSET);
  const [mapping, data, host = '127.0.0.1', nats, kafka] = [
    text('mapping'),
    text('data'),
    text('host'),
    text('nats'),
    text('kafka'),
  ];
  if (nats !== undefined && !/^(nats|tls):\/\/[^/\s]+$/.test(nats))
    problems.push(`--nats must be a URL as nats://host:4222, not ${nats}`);
  if (kafka !== undefined && !/^[^\s,:/]+:\d+(,[^\s,:/]+:\d+)*$/.test(kafka)) {
    problems.push(`--kafka must be host:port[,host:port], not ${kafka}`);
  }
  if (host === '0.0.0.0' || host === '::') {
    const own = Object.values(networkInterfaces()).flatMap((addresses = []) =>
      addresses.map(({ address }) => address),
    );
    problems.push(
      `--host ${host} is no address that Kafka could tell its clients; give one of ${own.join(', ')}`,
    );
  }
  const options: StartOptions = {
    mapping: mapping === undefined ? join(WORKSPACE, 'tools', 'dev', 'mapping.yaml') : path(mapping),
    data:
      data === undefined
        ? join(WORKSPACE, '.tributary', portOffset === 0 ? 'data' : `data-${portOffset}`)
        : path(data),
    fresh: values.fresh === true,
    host,
    portOffset,
    ingress: number('ingress', 1, 1, MAX_INGRESS),
    ...(nats !== undefined && { nats }),
    ...(kafka !== undefined && { kafka }),
  };
  if (problems.length > 0) throw new DevError('usage', [...problems, '', usage()].join('\n'));
  return values.help === true ? undefined : options;
}
