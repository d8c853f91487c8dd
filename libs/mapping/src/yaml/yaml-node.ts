import type { Position } from '../findings/finding.ts';

interface NodeBase {
  /** As `routes[0].to.key`. */
  readonly path: string;
  readonly at: Position;
}

export interface YamlScalar extends NodeBase {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** What stands in the file, without quotes: a number as it was written. */
  readonly text: string;
  /** True if nothing is written at all, as after `key:`. */
  readonly empty: boolean;
  /** What the comment behind the value says, if there is one. */
  readonly comment: string | null;
  /** Where the character `index` of a text value stands. */
  positionOf(index: number): Position;
}

export interface YamlEntry {
  readonly key: string;
  readonly at: Position;
  readonly value: YamlNode;
}

export interface YamlMap extends NodeBase {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
  /** What stands in the file if the map is written as `{ }`, else null. */
  readonly flowText: string | null;
}

export interface YamlList extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
  readonly flowText: string | null;
}

/** Already reported; whoever meets it says nothing more. */
export interface YamlBroken extends NodeBase {
  readonly kind: 'broken';
}

export type YamlNode = YamlScalar | YamlMap | YamlList | YamlBroken;

/** "text", "a list", ...: how a finding calls what it found. */
export function describeNode(node: YamlNode): string {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'broken') return 'something unreadable';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string') return `the text "${node.value}"`;
  return `the ${typeof node.value} ${node.text}`;
}
