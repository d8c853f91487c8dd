import { parseArgs } from 'node:util';

/** An option as it is declared: `value` is how its value is called in the list of options. */
export interface DeclaredOption {
  type: 'string' | 'boolean';
  value?: string;
  multiple?: boolean;
  doc: string;
}

export type DeclaredOptions = Readonly<Record<string, DeclaredOption>>;

/** The options that a command was given. Whatever is wrong with them is kept, so that all of it can be said at once. */
export class CommandLine<Name extends string> {
  readonly problems: string[] = [];
  readonly #values: Readonly<Record<string, unknown>>;

  /** @param args what follows the name of the command */
  constructor(args: readonly string[], declared: Readonly<Record<Name, DeclaredOption>>) {
    const options = Object.entries<DeclaredOption>(declared);
    const { values, tokens } = parseArgs({
      args: [...args],
      options: Object.fromEntries(options),
      strict: false,
      tokens: true,
    });
    this.#values = values;
    for (const token of tokens) {
      if (token.kind === 'positional') this.problems.push(`"${token.value}" is not an option`);
      if (token.kind !== 'option') continue;
      const option = options.find(([name]) => name === token.name)?.[1];
      if (!option) this.problems.push(`unknown option ${token.rawName}`);
      else if (option.type === 'string' && (token.value === undefined || token.value === ''))
        this.problems.push(`${token.rawName} needs a value`);
      else if (option.type === 'boolean' && token.value !== undefined)
        this.problems.push(`${token.rawName} takes no value`);
    }
  }

  flag(name: Name): boolean {
    return this.#values[name] === true;
  }

  /** Undefined if it was not given, or without a value, which is a problem already. */
  text(name: Name): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  list(name: Name): string[] {
    const value = this.#values[name];
    if (!Array.isArray(value)) return [];
    return value.filter((one): one is string => typeof one === 'string' && one !== '');
  }

  number(name: Name, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    if (/^\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    this.problems.push(`--${name} must be a whole number from ${min} to ${max}, not ${value}`);
    return fallback;
  }

  choice<T extends string>(name: Name, value: string, allowed: readonly T[], fallback: T): T {
    const found = allowed.find((one) => one === value);
    if (found === undefined)
      this.problems.push(`--${name} must be one of ${allowed.join(', ')}, not ${value}`);
    return found ?? fallback;
  }
}

/** A line for each option, for the screen. */
export function optionLines(declared: DeclaredOptions): string[] {
  return Object.entries(declared).map(([name, { value, doc }]) => {
    const left = `--${name}${value === undefined ? '' : ` ${value}`}`;
    return `  ${left.padEnd(26)} ${doc}`;
  });
}
