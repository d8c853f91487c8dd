import type { Findings } from '../findings/finding.ts';
import { nearestName } from '../findings/nearest-name.ts';
import { describeNode, type YamlEntry, type YamlMap, type YamlNode } from '../yaml/yaml-node.ts';

/** Where each key of the language belongs, for keys that stand at the wrong place. */
const HOMES: Readonly<Record<string, string>> = {
  mqtt: 'from',
  kafka: 'to',
  topics: 'to',
  key: 'to',
  value: 'to',
  headers: 'to',
  cluster: 'to` of a route, or under `defaults',
  when: 'routes[]',
  from: 'routes[]',
  to: 'routes[]',
  ack: 'routes[]` or `defaults',
  onError: 'routes[]',
  unmatched: 'defaults',
  brokers: 'clusters.<name>',
  delivery: 'clusters.<name>',
  createTopics: 'clusters.<name>',
};

/** The entries of a map whose keys the language fixes. Says of each key that does not belong what it should be. */
export class Fields {
  readonly map: YamlMap;
  readonly #findings: Findings;

  constructor(map: YamlMap, known: readonly string[], findings: Findings) {
    this.map = map;
    this.#findings = findings;
    for (const entry of map.entries) {
      if (!known.includes(entry.key)) this.#reportUnknown(entry, known);
    }
  }

  /** The value of a key, or null if the key is absent. */
  get(key: string): YamlNode | null {
    return this.map.entries.find((entry) => entry.key === key)?.value ?? null;
  }

  /** As `get`, with a finding if the key is absent. */
  require(key: string, suggestion: string): YamlNode | null {
    const value = this.get(key);
    if (value === null) {
      const { at, path } = this.map;
      this.#findings.report('missing-key', at, path, `\`${key}\` is missing`, suggestion);
    }
    return value;
  }

  #reportUnknown(entry: YamlEntry, known: readonly string[]): void {
    const { path } = this.map;
    const nearest = nearestName(entry.key, known);
    const home = HOMES[entry.key];
    let suggestion = `use one of: ${known.join(', ')}`;
    if (nearest !== null) suggestion = `write \`${nearest}\``;
    else if (home !== undefined) suggestion = `\`${entry.key}\` belongs under \`${home}\``;
    const message = `there is no key \`${entry.key}\` here`;
    this.#findings.report('unknown-key', entry.at, path, message, suggestion);
  }
}

/** The fields of a map, or null with a finding if the node is something else. */
export function readFields(node: YamlNode, known: readonly string[], findings: Findings): Fields | null {
  const map = readMap(node, `a map with: ${known.join(', ')}`, findings);
  return map === null ? null : new Fields(map, known, findings);
}

export function readMap(node: YamlNode, expected: string, findings: Findings): YamlMap | null {
  if (node.kind === 'map') return node;
  reportType(node, expected, findings);
  return null;
}

/** The items of a list, or null with a finding. */
export function readList(node: YamlNode, expected: string, findings: Findings): readonly YamlNode[] | null {
  if (node.kind === 'list') return node.items;
  reportType(node, expected, findings);
  return null;
}

export function reportType(node: YamlNode, expected: string, findings: Findings): void {
  if (node.kind === 'broken') return;
  const message = `expected ${expected}, found ${describeNode(node)}`;
  findings.report('wrong-type', node.at, node.path, message, `write ${expected}`);
}
