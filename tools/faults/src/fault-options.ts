import { parseArgs } from 'node:util';
import { FaultsError } from './errors.ts';

export interface FaultOptions {
  seed: number;
  /** Names of rows; all if there are none. */
  only: string[];
  devices: number;
  list: boolean;
  json: boolean;
}

export const DEFAULT_SEED = 1;
const MAX_SEED = 2 ** 32 - 1;

const declared = {
  seed: { type: 'string', value: 'N', doc: `where all that is random begins (default ${DEFAULT_SEED})` },
  only: {
    type: 'string',
    value: 'ROW',
    multiple: true,
    doc: 'this row; kill-* for several; may be repeated',
  },
  devices: { type: 'string', value: 'N', doc: 'MQTT connections of each row (default 300)' },
  list: { type: 'boolean', doc: 'name the rows and what each does, and run none' },
  json: { type: 'boolean', doc: 'print the reports as JSON and nothing else on standard output' },
  help: { type: 'boolean', doc: 'show this list' },
} as const;

/** The list of options, for the screen. */
export function usage(): string {
  const lines = Object.entries(declared).map(([name, option]) => {
    const left = `--${name}${'value' in option ? ` ${option.value}` : ''}`;
    return `  ${left.padEnd(14)} ${option.doc}`;
  });
  return ['npm run faults -- [options]', ...lines].join('\n');
}

/** Reads the command line; undefined if only help is wanted. @throws FaultsError 'usage' */
export function parseFaultOptions(args: readonly string[]): FaultOptions | undefined {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: declared, strict: true }));
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new FaultsError('usage', `${problem}\n\n${usage()}`, { cause });
  }
  if (values.help === true) return undefined;
  const whole = (name: 'seed' | 'devices', fallback: number, min: number, max: number): number => {
    const value = values[name];
    if (value === undefined) return fallback;
    if (/^\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    throw new FaultsError(
      'usage',
      `--${name} must be a whole number from ${min} to ${max}, not ${value}\n\n${usage()}`,
    );
  };
  return {
    seed: whole('seed', DEFAULT_SEED, 0, MAX_SEED),
    only: values.only ?? [],
    devices: whole('devices', 300, 10, 5_000),
    list: values.list === true,
    json: values.json === true,
  };
}
