import { SettingsError } from '../errors.ts';
import type { SettingProblem } from '../errors.ts';
import { environmentName, isOurs, processVariables } from './declaration.ts';
import type { Config, Setting, SettingDeclarations } from './declaration.ts';
import { readConfigFile } from './file.ts';
import { nearest } from './nearest.ts';
import { allowed, check, fromText, show } from './value.ts';
import type { SettingValue } from './value.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The values of the declared settings: from the environment, else from the file that `TRIBUTARY_CONFIG_FILE` names,
 * else the default. An empty variable counts as not set.
 *
 * @throws SettingsError with everything that is wrong: unknown names (with the nearest known one), wrong types, values
 *   out of range, what is required and missing
 */
export function loadSettings<const S extends SettingDeclarations>(
  settings: S,
  environment: Environment = process.env,
): Config<S> {
  const keysByVariable = variablesOf(settings);
  const values = new Map<string, SettingValue>();
  const problems: SettingProblem[] = [];
  const seen = new Set<string>();

  for (const [variable, text] of Object.entries(environment)) {
    if (!isOurs(variable) || Object.hasOwn(processVariables, variable) || !text) continue;
    const key = keysByVariable.get(variable);
    const setting = key === undefined ? undefined : settings[key];
    if (key === undefined || setting === undefined) {
      problems.push(unknownVariable(variable, keysByVariable));
      continue;
    }
    seen.add(key);
    const value = fromText(setting, text);
    if (value === undefined) problems.push(notAllowed(key, variable, setting, text));
    else values.set(key, value);
  }

  const path = environment['TRIBUTARY_CONFIG_FILE'];
  if (path) {
    const file = readConfigFile(path, settings);
    problems.push(...file.problems);
    for (const { key, value: found, source } of file.entries) {
      const setting = Object.hasOwn(settings, key) ? settings[key] : undefined;
      if (!setting) {
        problems.push(unknownKey(key, source, settings));
        continue;
      }
      const value = check(setting, found);
      if (value === undefined) problems.push(notAllowed(key, source, setting, found));
      else if (!seen.has(key)) values.set(key, value);
      seen.add(key);
    }
  }

  for (const [key, setting] of Object.entries(settings)) {
    if (setting.required && !seen.has(key)) {
      const message = `required and not set; set ${environmentName(key)} or ${key} in a configuration file (${setting.doc})`;
      problems.push({ setting: key, source: key, message });
    }
    if (setting.default !== undefined && !values.has(key)) values.set(key, setting.default);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  const config: Record<string, SettingValue | undefined> = {};
  for (const key of Object.keys(settings)) config[key] = values.get(key);
  // Every value has passed the check of its own declaration, which is what Config<S> says.
  return config as Config<S>;
}

/** The values worth showing: those that are not the default, secrets hidden. */
export function describeConfig<S extends SettingDeclarations>(
  settings: S,
  config: Config<S>,
): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const value = config[key];
    if (value === undefined || show(value) === show(setting.default)) continue;
    shown[key] = setting.secret ? '(hidden)' : value;
  }
  return shown;
}

function variablesOf(settings: SettingDeclarations): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [key, setting] of Object.entries(settings)) {
    const variable = environmentName(key);
    const other = keys.get(variable);
    if (other !== undefined)
      throw new RangeError(`settings ${other} and ${key} share the variable ${variable}`);
    if (setting.default !== undefined && check(setting, setting.default) === undefined) {
      throw new RangeError(`the default of ${key} is not ${allowed(setting)}`);
    }
    keys.set(variable, key);
  }
  return keys;
}

function notAllowed(key: string, source: string, setting: Setting, found: unknown): SettingProblem {
  const shown = setting.secret ? 'what was found' : JSON.stringify(found);
  return { setting: key, source, message: `${key} must be ${allowed(setting)}, not ${shown}` };
}

function unknownVariable(variable: string, keysByVariable: ReadonlyMap<string, string>): SettingProblem {
  const meant = nearest(variable, [...keysByVariable.keys(), ...Object.keys(processVariables)]);
  const key = meant === undefined ? undefined : keysByVariable.get(meant);
  const hint = meant === undefined ? '' : `; did you mean ${meant}${key === undefined ? '' : ` (${key})`}?`;
  return { setting: variable, source: variable, message: `no such setting${hint}` };
}

function unknownKey(key: string, source: string, settings: SettingDeclarations): SettingProblem {
  const meant = nearest(key, Object.keys(settings));
  return {
    setting: key,
    source,
    message: `no such setting ${key}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  };
}
