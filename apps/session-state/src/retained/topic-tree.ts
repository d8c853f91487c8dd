interface TopicNode<Value> {
  children: Map<string, TopicNode<Value>> | null;
  value: Value | undefined;
}

/** Values by topic name, found again by topic filter: the mirror image of a subscription trie. */
export class TopicTree<Value> {
  readonly #root: TopicNode<Value> = { children: null, value: undefined };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(topic: string): Value | undefined {
    let node: TopicNode<Value> | undefined = this.#root;
    for (const level of topic.split('/')) node = node?.children?.get(level);
    return node?.value;
  }

  set(topic: string, value: Value): void {
    let node = this.#root;
    for (const level of topic.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = { children: null, value: undefined };
        node.children.set(level, child);
      }
      node = child;
    }
    if (node.value === undefined) this.#size++;
    node.value = value;
  }

  delete(topic: string): void {
    const path: { node: TopicNode<Value>; level: string }[] = [];
    let node = this.#root;
    for (const level of topic.split('/')) {
      const child = node.children?.get(level);
      if (child === undefined) return;
      path.push({ node, level });
      node = child;
    }
    if (node.value === undefined) return;
    node.value = undefined;
    this.#size--;
    for (const { node: parent, level } of path.reverse()) {
      const child = parent.children?.get(level);
      if (child === undefined || child.value !== undefined || child.children !== null) return;
      parent.children?.delete(level);
      if (parent.children?.size === 0) parent.children = null;
    }
  }

  /** Values of all topics that a filter matches (4.7); wildcards do not match a first level with $ [MQTT-4.7.2-1]. */
  *match(filter: string): Generator<Value> {
    yield* walk(this.#root, filter.split('/'), 0);
  }

  *values(): Generator<Value> {
    yield* all(this.#root);
  }
}

function* walk<Value>(node: TopicNode<Value>, levels: readonly string[], at: number): Generator<Value> {
  const level = levels[at];
  if (level === undefined) {
    if (node.value !== undefined) yield node.value;
  } else if (level === '#') {
    // "sport/#" also matches "sport" (4.7.1.2).
    if (node.value !== undefined) yield node.value;
    for (const child of children(node, at)) yield* all(child);
  } else if (level === '+') {
    for (const child of children(node, at)) yield* walk(child, levels, at + 1);
  } else {
    const child = node.children?.get(level);
    if (child !== undefined) yield* walk(child, levels, at + 1);
  }
}

function* children<Value>(node: TopicNode<Value>, at: number): Generator<TopicNode<Value>> {
  for (const [level, child] of node.children ?? []) if (at > 0 || !level.startsWith('$')) yield child;
}

function* all<Value>(node: TopicNode<Value>): Generator<Value> {
  if (node.value !== undefined) yield node.value;
  for (const child of node.children?.values() ?? []) yield* all(child);
}
