import type { Environment, ParseError } from '@marcbachmann/cel-js';
import { nearestName } from '../findings/nearest-name.ts';
import { functionNames } from './environment.ts';
import { variables } from './variables.ts';

/** What to write instead of an unknown name. `start` is where it stands in `text`. */
export function suggestName(name: string, start: number, text: string, environment: Environment): string {
  if (name === 'rest') return 'end the filter with `#`: `rest` is what it stands for';
  const hyphened = hyphenedField(name, start, text);
  if (hyphened !== null) return hyphened;
  const known = environment
    .getDefinitions()
    .variables.map((definition) => definition.name)
    .filter((candidate) => isOwnName(candidate));
  const nearest = nearestName(name, known);
  if (nearest !== null) return `write \`${nearest}\``;
  if (name === 'env') return '`${env:NAME}` exists in `clusters` only';
  return `use one of: ${known.join(', ')}; write "${name}" in quotes if it is text`;
}

export function suggestFunction(name: string): string {
  const own = [...functionNames];
  const meant: Readonly<Record<string, string>> = {
    lower: 'lowerAscii',
    toLowerCase: 'lowerAscii',
    upper: 'upperAscii',
    toUpperCase: 'upperAscii',
    length: 'size',
    len: 'size',
    str: 'string',
    toString: 'string',
    float: 'double',
    number: 'double',
    includes: 'contains',
    strip: 'trim',
  };
  const nearest = meant[name] ?? nearestName(name, own);
  return nearest === null ? `use one of: ${own.sort().join(', ')}` : `write \`${nearest}\``;
}

export function explainSyntaxError(text: string, error: ParseError): string {
  if (text.includes('${'))
    return `write the expression without \${ }: ${text.replace(/\$\{([^}]*)\}/g, '$1')}`;
  if (/unterminated/.test(error.code))
    return 'close the quote; in YAML " #" begins a comment, so quote the value';
  const rules: readonly (readonly [RegExp, string, string])[] = [
    [/(?<![=!<>])=(?!=)/g, '==', 'compare with =='],
    [/===/g, '==', 'compare with =='],
    [/!==/g, '!=', 'compare with !='],
    [/\s+and\s+/gi, ' && ', 'write && for and'],
    [/\s+or\s+/gi, ' || ', 'write || for or'],
    [/(?<![\w.])not\s+/gi, '!', 'write ! for not'],
    [/(?<![&])&(?!&)/g, '&&', 'write && for and'],
    [/(?<![|])\|(?!\|)/g, '||', 'write || for or'],
    [/\?\./g, '.?', 'write .?name.orValue(...) for a field that may be missing'],
  ];
  for (const [pattern, replacement, advice] of rules) {
    if (pattern.test(text)) return `${advice}: ${text.replace(pattern, replacement)}`;
  }
  return 'see docs/mapping.md for what an expression may contain; text stands in quotes';
}

export function explainTypeError(summary: string): string {
  if (/string \+ |\+ string/.test(summary)) return 'turn the number into text with string(...)';
  if (/int == double|double == int/.test(summary))
    return 'write both numbers with or without a decimal point';
  if (/no such overload/.test(summary)) return 'convert one side with string(...), int(...) or double(...)';
  if (/no matching overload/.test(summary)) return 'check the number and types of the arguments';
  if (/No such key/.test(summary)) return 'see docs/mapping.md for the fields of `properties`';
  if (/same type, got '(double|int)' and '(double|int)'/.test(summary)) return 'write 1.0 for 1';
  if (/same type/.test(summary)) return 'give both branches the same type, for example with string(...)';
  if (/Cannot index/.test(summary)) return 'only payload, properties, lists and maps have fields';
  return 'see docs/mapping.md for the types of the variables';
}

/** `payload.device-id` is a subtraction to CEL. */
function hyphenedField(name: string, start: number, text: string): string | null {
  const before = /([A-Za-z_][\w.]*)\.([A-Za-z_]\w*(?:-[A-Za-z_]\w*)*)-$/.exec(text.slice(0, start));
  return before ? `write ${before[1] ?? ''}["${before[2] ?? ''}-${name}"]: - is a subtraction` : null;
}

/** Variables and captures, without the type names that CEL counts as variables. */
function isOwnName(name: string): boolean {
  const typeNames = 'string bool int uint double map list bytes null_type type google cel optional';
  return Object.hasOwn(variables, name) || !typeNames.split(' ').includes(name);
}
