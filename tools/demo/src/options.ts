import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WORKSPACE } from '@tributary/testing';
import { DemoError } from './errors.ts';

export type QoS = 0 | 1 | 2;

export interface DemoOptions {
  /** The recording. */
  file: string;
  /** How many recorded seconds pass in one; chosen after the recording if undefined. */
  speed?: number;
  /** How many fleets drive; chosen after the recording if undefined. */
  copies?: number;
  qos: QoS;
  keepGoing: boolean;
  where: PlatformChoice;
}

/** How the user names the platform. */
export interface PlatformChoice {
  /** File that describes a running platform. */
  run?: string;
  /** As given to `npm start`. */
  data?: string;
  portOffset: number;
}

const declared = {
  file: {
    type: 'string',
    value: 'FILE',
    doc: 'replay this recording, .jsonl or .jsonl.gz (default the one of tools/demo/data)',
  },
  speed: {
    type: 'string',
    value: 'N',
    doc: 'so many recorded seconds in one (default: all of it in about a minute)',
  },
  copies: { type: 'string', value: 'N', doc: 'so many copies of the fleet (default: some hundred vehicles)' },
  qos: { type: 'string', value: 'N', doc: 'publish with QoS 0, 1 or 2 (default 1)' },
  'keep-going': { type: 'boolean', doc: 'begin again after each verdict, until Ctrl-C' },
  run: { type: 'string', value: 'FILE', doc: 'use the platform that this run.json describes' },
  data: { type: 'string', value: 'DIR', doc: 'use the platform with this --data' },
  'port-offset': { type: 'string', value: 'N', doc: 'use the platform with this --port-offset' },
  help: { type: 'boolean', doc: 'show this list' },
} as const;

const DEFAULT_FILE = join(WORKSPACE, 'tools', 'demo', 'data', 'hsl-hfp.jsonl.gz');

/** The list of options, for the screen. */
export function usage(): string {
  const lines = Object.entries(declared).map(([name, option]) => {
    const left = `--${name}${'value' in option ? ` ${option.value}` : ''}`;
    return `  ${left.padEnd(16)} ${option.doc}`;
  });
  return ['npm run demo -- [options]', ...lines].join('\n');
}

/**
 * Options of `npm run demo`; undefined if only help is wanted. Every problem is named at once, with the list of options.
 * `directory` is where relative file names begin.
 */
export function parseDemoOptions(args: readonly string[], directory: string): DemoOptions | undefined {
  const { values, tokens } = parseArgs({ args: [...args], options: declared, strict: false, tokens: true });
  const problems = tokens.flatMap((token) => {
    if (token.kind === 'positional') return [`"${token.value}" is not an option`];
    if (token.kind !== 'option') return [];
    const option = Object.entries(declared).find(([name]) => name === token.name)?.[1];
    if (!option) return [`unknown option ${token.rawName}`];
    if (option.type === 'string' && (token.value === undefined || token.value === ''))
      return [`${token.rawName} needs a value`];
    if (option.type === 'boolean' && token.value !== undefined) return [`${token.rawName} takes no value`];
    return [];
  });
  const text = (name: keyof typeof declared): string | undefined => {
    const value = values[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const number = (name: keyof typeof declared, pattern: RegExp, min: number, max: number, what: string) => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (pattern.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    problems.push(`--${name} must be ${what} from ${min} to ${max}, not ${value}`);
    return undefined;
  };
  const path = (value: string): string => (isAbsolute(value) ? value : resolve(directory, value));

  const [file, run, data] = [text('file'), text('run'), text('data')];
  const speed = number('speed', /^\d+(\.\d+)?$/, 0.1, 100_000, 'a number');
  const copies = number('copies', /^\d+$/, 1, 10_000, 'a whole number');
  const portOffset = number('port-offset', /^\d+$/, 0, 50_000, 'a whole number');
  const qos = number('qos', /^\d$/, 0, 2, 'a whole number');
  if (run !== undefined && (data !== undefined || portOffset !== undefined))
    problems.push('--run names the platform alone, without --data or --port-offset');
  if (problems.length > 0) throw new DemoError('usage', [...problems, '', usage()].join('\n'));
  if (values.help === true) return undefined;
  return {
    file: file === undefined ? DEFAULT_FILE : path(file),
    ...(speed !== undefined && { speed }),
    ...(copies !== undefined && { copies }),
    qos: qos === 0 || qos === 2 ? qos : 1,
    keepGoing: values['keep-going'] === true,
    where: {
      ...(run !== undefined && { run: path(run) }),
      ...(data !== undefined && { data: path(data) }),
      portOffset: portOffset ?? 0,
    },
  };
}
