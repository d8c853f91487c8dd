import { parseArgs } from 'node:util';
import { ConformanceError } from './errors.ts';
import type { TargetName } from './target/target.ts';

/** Suites by their name on the command line. */
export const SUITE_NAMES = ['statements', 'clients', 'paho', 'mqtt5-conformance'] as const;
export type SuiteName = (typeof SUITE_NAMES)[number];

/** Where a checkout of a suite of others is; a suite without one is not run. */
export const CHECKOUT_VARIABLES = {
  paho: 'TRIBUTARY_PAHO_TESTING',
  'mqtt5-conformance': 'TRIBUTARY_MQTT5_CONFORMANCE',
} as const;

export type Checkouts = Partial<Record<SuiteName, string>>;

export interface ConformanceOptions {
  suites: SuiteName[];
  targets: TargetName[];
  checkouts: Checkouts;
  write: boolean;
  json: boolean;
}

const declared = {
  suite: {
    type: 'string',
    value: 'NAME',
    multiple: true,
    doc: `${SUITE_NAMES.join(', ')}; may be repeated (default: all that can be run)`,
  },
  engine: {
    type: 'string',
    value: 'NAME',
    multiple: true,
    doc: 'native or aedes; may be repeated (default: both)',
  },
  against: { type: 'string', value: 'NAME', multiple: true, doc: 'mosquitto: run the same against it' },
  checkout: {
    type: 'string',
    value: 'DIR',
    doc: `checkout of the one --suite; or set ${Object.values(CHECKOUT_VARIABLES).join(' and ')}`,
  },
  write: { type: 'boolean', doc: 'write the tables into docs/conformance.md' },
  json: { type: 'boolean', doc: 'print the reports as JSON and nothing else on standard output' },
  help: { type: 'boolean', doc: 'show this list' },
} as const;

/** The list of options, for the screen. */
export function usage(): string {
  const lines = Object.entries(declared).map(([name, option]) => {
    const left = `--${name}${'value' in option ? ` ${option.value}` : ''}`;
    return `  ${left.padEnd(15)} ${option.doc}`;
  });
  return ['npm run conformance -- [options]', ...lines].join('\n');
}

/** Reads the command line; undefined if only help is wanted. @throws ConformanceError 'usage' */
export function parseConformanceOptions(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): ConformanceOptions | undefined {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: declared, strict: true }));
  } catch (cause) {
    throw misuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (values.help === true) return undefined;
  const checkouts = checkoutsOf(env);
  const asked = (values.suite ?? []).map((name) => one('suite', name, SUITE_NAMES));
  if (values.checkout !== undefined) {
    const [suite] = asked;
    if (asked.length !== 1 || suite === undefined || !(suite in CHECKOUT_VARIABLES)) {
      throw misuse(`--checkout needs one --suite, of ${Object.keys(CHECKOUT_VARIABLES).join(' and ')}`);
    }
    checkouts[suite] = values.checkout;
  }
  for (const suite of asked) {
    if (suite in CHECKOUT_VARIABLES && checkouts[suite] === undefined) {
      throw misuse(`--suite ${suite} needs --checkout DIR`);
    }
  }
  const available = SUITE_NAMES.filter(
    (name) => !(name in CHECKOUT_VARIABLES) || checkouts[name] !== undefined,
  );
  const engines = (values.engine ?? ['native', 'aedes']).map((name) =>
    one('engine', name, ['native', 'aedes'] as const),
  );
  const others = (values.against ?? []).map((name) => one('against', name, ['mosquitto'] as const));
  return {
    suites: asked.length > 0 ? asked : available,
    targets: [...engines, ...others],
    checkouts,
    write: values.write === true,
    json: values.json === true,
  };
}

/** The checkouts that the environment names. */
export function checkoutsOf(env: NodeJS.ProcessEnv): Checkouts {
  const named = Object.entries(CHECKOUT_VARIABLES).flatMap(([suite, variable]) => {
    const folder = env[variable];
    return folder === undefined || folder === '' ? [] : [[suite, folder]];
  });
  return Object.fromEntries(named) as Checkouts;
}

function one<Name extends string>(option: string, given: string, names: readonly Name[]): Name {
  const name = names.find((known) => known === given);
  if (name === undefined) throw misuse(`--${option} is one of ${names.join(', ')}, not ${given}`);
  return name;
}

function misuse(problem: string, cause?: unknown): ConformanceError {
  return new ConformanceError('usage', `${problem}\n\n${usage()}`, { cause });
}
