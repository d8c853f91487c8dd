import type { Findings, Position } from '../findings/finding.ts';
import type { FindingCode } from '../findings/finding-table.ts';
import { didYouMean } from '../findings/nearest-name.ts';
import { quote } from '../yaml/flow-quoting.ts';
import type { YamlMap, YamlNode } from '../yaml/yaml-node.ts';
import { reportType } from './fields.ts';

/** Text of the file with its place. */
export interface Text {
  readonly text: string;
  readonly path: string;
  readonly at: Position;
  readonly comment: string | null;
  positionOf(index: number): Position;
}

/** How braces in a text are meant: `{name}` declares a capture, `${name}` uses it. */
export type Braces = 'captures' | 'template' | 'none';

/**
 * Text, or null with a finding. Numbers and booleans are taken as they are written. What YAML took for a map,
 * list or comment although text was meant is a finding too, and the text that was meant is checked further.
 */
export function readText(
  node: YamlNode,
  expected: string,
  findings: Findings,
  braces: Braces = 'none',
): Text | null {
  if (node.kind === 'scalar' && node.value !== null) {
    return { ...node, text: typeof node.value === 'string' ? node.value : node.text };
  }
  const trap = braces === 'none' ? null : trapOf(node, braces);
  if (trap === null) {
    reportType(node, expected, findings);
    return null;
  }
  const { at, path } = node;
  findings.report(trap.code, at, path, trap.message, `write ${quote(trap.meant)}`);
  return { text: trap.meant, path, at, comment: null, positionOf: () => at };
}

interface Trap {
  readonly code: FindingCode;
  readonly message: string;
  readonly meant: string;
}

/** Text that YAML read as something else without complaint; null if it hardly was meant as text. */
function trapOf(node: YamlNode, braces: Braces): Trap | null {
  if (node.kind === 'map' && node.flowText !== null && isNames(node)) {
    const meant = braces === 'captures' ? node.flowText : `$${node.flowText}`;
    return { code: 'yaml-braces', message: `${node.flowText} is a map to YAML`, meant };
  }
  if (node.kind === 'list' && node.flowText !== null) {
    return {
      code: 'yaml-brackets',
      message: 'a value that begins with [ is a list to YAML',
      meant: node.flowText,
    };
  }
  if (node.kind === 'scalar' && node.value === null && node.comment !== null) {
    const meant = `#${node.comment}`.trimEnd();
    return { code: 'yaml-hash', message: 'the value is empty: # begins a comment in YAML', meant };
  }
  return null;
}

/** `{device}` is a map with a key and no value to YAML. */
function isNames({ entries }: YamlMap): boolean {
  return entries.length > 0 && entries.every(({ value }) => value.kind === 'scalar' && value.empty);
}

/** One of a few words, or null with a finding. */
export function readChoice<T extends string>(
  node: YamlNode,
  choices: readonly T[],
  findings: Findings,
): T | null {
  const text = readText(node, `one of: ${choices.join(', ')}`, findings);
  if (text === null) return null;
  const choice = choices.find((candidate) => candidate === text.text);
  if (choice !== undefined) return choice;
  const message = `"${text.text}" is not allowed here`;
  findings.report('wrong-value', text.at, text.path, message, didYouMean(text.text, choices));
  return null;
}

export function readBoolean(node: YamlNode, findings: Findings): boolean | null {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
  reportType(node, 'true or false', findings);
  return null;
}

/** A whole number within bounds, or null with a finding. */
export function readInteger(node: YamlNode, min: number, max: number, findings: Findings): number | null {
  const value = node.kind === 'scalar' ? node.value : null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  reportType(node, `a whole number from ${min} to ${max}`, findings);
  return null;
}

/** Whether `key: null` or `key: ~` is written; `key:` alone is an oversight. */
export function isExplicitNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null && !node.empty;
}
