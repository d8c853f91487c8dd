import type { TopicPattern } from './topic-pattern.ts';

interface TrieNode {
  readonly children: Map<string, TrieNode>;
  any: TrieNode | null;
  /** Routes whose filter ends at this level. */
  readonly ending: number[];
  /** Routes whose filter goes on with `#`: they take this level too [MQTT-4.7.1-2]. */
  readonly open: number[];
}

/** Finds all patterns that match a topic in one walk over its levels. Patterns are numbered as they are added. */
export class TopicTrie {
  readonly #root = newNode();

  add(pattern: TopicPattern, id: number): void {
    let node = this.#root;
    for (const level of pattern.levels) node = level.kind === 'any' ? anyOf(node) : childOf(node, level.text);
    (pattern.open ? node.open : node.ending).push(id);
  }

  /** Ids of the matching patterns, ascending. */
  match(levels: readonly string[]): number[] {
    const found: number[] = [];
    // A filter that begins with a wildcard does not match a topic that begins with $ [MQTT-4.7.2-1].
    collect(this.#root, levels, 0, levels[0]?.startsWith('$') ?? false, found);
    return found.sort((a, b) => a - b);
  }
}

function collect(
  node: TrieNode,
  levels: readonly string[],
  depth: number,
  plainOnly: boolean,
  found: number[],
): void {
  if (!plainOnly) found.push(...node.open);
  const level = levels[depth];
  if (level === undefined) {
    found.push(...node.ending);
    return;
  }
  const child = node.children.get(level);
  if (child) collect(child, levels, depth + 1, false, found);
  if (node.any && !plainOnly) collect(node.any, levels, depth + 1, false, found);
}

function newNode(): TrieNode {
  return { children: new Map(), any: null, ending: [], open: [] };
}

function anyOf(node: TrieNode): TrieNode {
  return (node.any ??= newNode());
}

function childOf(node: TrieNode, level: string): TrieNode {
  const child = node.children.get(level) ?? newNode();
  node.children.set(level, child);
  return child;
}
