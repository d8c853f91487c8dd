import type { Setting } from './declaration.ts';

export type SettingValue = string | number | boolean | readonly string[];

/** What a setting allows, to follow "must be". */
export function allowed(setting: Setting): string {
  const unit = setting.unit ? ` (${setting.unit})` : '';
  switch (setting.type) {
    case 'string':
      return (setting.form ?? 'text') + unit;
    case 'integer':
      return `an integer${range(setting)}${unit}`;
    case 'number':
      return `a number${range(setting)}${unit}`;
    case 'boolean':
      return 'true or false';
    case 'list':
      return 'a list of texts, separated by commas in the environment';
    case 'choice':
      return `one of ${setting.values.join(', ')}`;
  }
}

/** Reads the text of an environment variable; undefined if the setting does not allow it. */
export function fromText(setting: Setting, text: string): SettingValue | undefined {
  switch (setting.type) {
    case 'string':
    case 'choice':
      return check(setting, text);
    case 'integer':
    case 'number':
      return /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text)
        ? check(setting, Number(text))
        : undefined;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'list':
      return check(
        setting,
        text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      );
  }
}

/** Checks a value of a configuration file or a default; undefined if the setting does not allow it. */
export function check(setting: Setting, value: unknown): SettingValue | undefined {
  switch (setting.type) {
    case 'string':
      return typeof value === 'string' && (setting.pattern?.test(value) ?? true) ? value : undefined;
    case 'choice':
      return typeof value === 'string' && setting.values.includes(value) ? value : undefined;
    case 'integer':
      return Number.isSafeInteger(value) ? inRange(setting, value) : undefined;
    case 'number':
      return Number.isFinite(value) ? inRange(setting, value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  }
}

/** A value as one would write it. */
export function show(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : JSON.stringify(value);
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function inRange({ min = -Infinity, max = Infinity }: Range, value: unknown): number | undefined {
  return typeof value === 'number' && value >= min && value <= max ? value : undefined;
}

function range({ min, max }: Range): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  if (max !== undefined) return ` of at most ${max}`;
  return '';
}
