import { Environment } from '@marcbachmann/cel-js';
import { registerNumberOperators } from './number-operators.ts';
import { PropertiesView } from './properties-view.ts';
import { propertyFields, PROPERTIES_TYPE, variables } from './variables.ts';

/** What the expressions of one route may name. */
export interface RouteNames {
  readonly captures: readonly string[];
  /** Whether `rest` exists: only a filter with a trailing `#` has one. */
  readonly rest: boolean;
}

/** Words that CEL keeps for itself, besides the names of its types. */
const RESERVED = new Set(
  (
    'as break const continue else false for function if import in let loop namespace null package prototype ' +
    'return true var void while'
  ).split(' '),
);

const shared = createShared();

function createShared(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true });
  environment.registerType(PROPERTIES_TYPE, { ctor: PropertiesView, fields: { ...propertyFields } });
  registerNumberOperators(environment);
  for (const [name, { type }] of Object.entries(variables)) {
    if (name !== 'rest') environment.registerVariable(name, type);
  }
  return environment;
}

export function createEnvironment(names: RouteNames): Environment {
  const environment = shared.clone();
  if (names.rest) environment.registerVariable('rest', variables.rest.type);
  for (const name of names.captures) environment.registerVariable(name, 'string');
  return environment;
}

/** Whether a capture of this name would hide a variable, a type or a word of CEL. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name) || name === 'rest' || shared.hasVariable(name);
}

/** Names of all functions and methods. */
export const functionNames: ReadonlySet<string> = new Set(
  shared.getDefinitions().functions.map((definition) => definition.name),
);
