interface Common {
  /** What it does, as a sentence; becomes its line of docs/settings.md. */
  readonly doc: string;
  /** Has no default and must be set. */
  readonly required?: true;
  /** Its value is never shown. */
  readonly secret?: true;
  /** Only for the reader: `ms`, `s`, `bytes`. */
  readonly unit?: string;
}

interface Text extends Common {
  readonly type: 'string';
  readonly default?: string;
  readonly pattern?: RegExp;
  /** The pattern in words, after "must be". */
  readonly form?: string;
}

interface Numeric extends Common {
  readonly type: 'integer' | 'number';
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}

interface Flag extends Common {
  readonly type: 'boolean';
  readonly default?: boolean;
}

interface List extends Common {
  readonly type: 'list';
  readonly default?: readonly string[];
}

interface Choice extends Common {
  readonly type: 'choice';
  readonly values: readonly string[];
  readonly default?: string;
}

/** One setting. Without a default and not required, its value may be undefined. */
export type Setting = Text | Numeric | Flag | List | Choice;

/** Settings by key; a key is words in camel case joined by dots, `log.lingerMs`. */
export type SettingDeclarations = Readonly<Record<string, Setting>>;

type ValueOf<D extends Setting> = D extends { readonly type: 'choice'; readonly values: readonly (infer V)[] }
  ? V
  : D['type'] extends 'string'
    ? string
    : D['type'] extends 'integer' | 'number'
      ? number
      : D['type'] extends 'boolean'
        ? boolean
        : readonly string[];

/** The values of declared settings, by key. */
export type Config<S extends SettingDeclarations> = {
  readonly [K in keyof S]: S[K] extends
    { readonly required: true } | { readonly default: string | number | boolean | readonly string[] }
    ? ValueOf<S[K]>
    : ValueOf<S[K]> | undefined;
};

/** Declares settings; the result carries the types of their values. */
export function defineSettings<const S extends SettingDeclarations>(declarations: S): S {
  return declarations;
}

const prefix = 'TRIBUTARY_';

/** The environment variable of a key: `log.lingerMs` is `TRIBUTARY_LOG_LINGER_MS`. */
export function environmentName(key: string): string {
  return (
    prefix +
    key
      .replaceAll('.', '_')
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
      .toUpperCase()
  );
}

/** Variables with our prefix that are not settings. */
export const processVariables = {
  TRIBUTARY_CONFIG_FILE: 'A YAML or JSON file with settings, nested by the dots of their keys.',
  TRIBUTARY_ENDPOINTS_FILE:
    'A file the service writes its endpoints to, as JSON, once it listens; for a supervisor that lets it choose free ports.',
} as const;

/** True for a variable that must be a setting or one of `processVariables`. */
export function isOurs(variable: string): boolean {
  return variable.startsWith(prefix);
}
