import { randomInt } from 'node:crypto';
import { DOLLAR, SLASH } from './topic-name.ts';

/** Children from which on a node finds them by hash. */
const TABLE_FROM = 8;

/** Level names kept for sharing. */
const SHARED_LEVELS = 1024;

/** More than one value of a filter; a class of its own, so that a value may itself be a Set. */
class Several<Value> {
  readonly set: Set<Value>;

  constructor(first: Value, second: Value) {
    this.set = new Set([first, second]);
  }
}

/**
 * One level of one or more filters. Children are a list linked by `next`, since most nodes have one; a busy node has a
 * table by hash instead, whose entries are such lists.
 */
class Node<Value> {
  readonly level: string;
  readonly parent: Node<Value> | null;
  next: Node<Value> | null = null;
  first: Node<Value> | null = null;
  table: Map<number, Node<Value>> | null = null;
  /** The child for '+', and for '#'. */
  plus: Node<Value> | null = null;
  rest: Node<Value> | null = null;
  /** Nothing, a single value (most filters), or several. */
  values: Value | Several<Value> | undefined = undefined;

  constructor(level: string, parent: Node<Value> | null) {
    this.level = level;
    this.parent = parent;
  }
}

/**
 * Topic filters and what is subscribed by them, built for millions of filters: `match` visits the values of all filters
 * that match a topic (4.7) without allocating, in time bounded by the matching paths and not by the number of filters.
 * Filters come without `$share/{name}/`; they are expected to be valid.
 */
export class SubscriptionTrie<Value extends NonNullable<unknown>> {
  readonly #root = new Node<Value>('', null);
  #size = 0;
  #nodes = 0;
  readonly #levels: string[] = [];
  /** Work of `match`, kept for the next one: nodes and where their level begins in the topic. */
  readonly #stack: Node<Value>[] = [];
  readonly #starts: number[] = [];

  /** Pairs of filter and value. */
  get size(): number {
    return this.#size;
  }

  /** Levels stored, a measure of memory. */
  get nodes(): number {
    return this.#nodes;
  }

  /** False if the pair was there. */
  add(filter: string, value: Value): boolean {
    let node = this.#root;
    for (let start = 0; start <= filter.length;) {
      const end = levelEnd(filter, start);
      node = this.#child(node, filter, start, end) ?? this.#insert(node, filter.slice(start, end));
      start = end + 1;
    }
    if (!addValue(node, value)) return false;
    this.#size++;
    return true;
  }

  /** False if the pair was not there. */
  remove(filter: string, value: Value): boolean {
    const node = this.#find(filter);
    if (node === null || !removeValue(node, value)) return false;
    this.#size--;
    this.#prune(node);
    return true;
  }

  /** Whether any value is subscribed by exactly this filter. */
  has(filter: string): boolean {
    const node = this.#find(filter);
    return node !== null && node.values !== undefined;
  }

  /**
   * Visits every value whose filter matches the topic name, once for each such filter. `visit` may call `match`, but
   * must not add or remove.
   */
  match(topic: string, visit: (value: Value) => void): void {
    const stack = this.#stack;
    const starts = this.#starts;
    const base = stack.length;
    // A wildcard in the first level does not match a topic that begins with $ [MQTT-4.7.2-1].
    const reserved = topic.charCodeAt(0) === DOLLAR;
    stack.push(this.#root);
    starts.push(0);
    while (stack.length > base) {
      const node = stack.pop()!;
      const start = starts.pop()!;
      const wildcards = node !== this.#root || !reserved;
      if (node.rest !== null && wildcards) visitValues(node.rest, visit);
      if (start > topic.length) {
        visitValues(node, visit);
        continue;
      }
      const end = levelEnd(topic, start);
      if (node.plus !== null && wildcards) {
        stack.push(node.plus);
        starts.push(end + 1);
      }
      const child = lookUp(node, topic, start, end);
      if (child !== null) {
        stack.push(child);
        starts.push(end + 1);
      }
    }
  }

  #find(filter: string): Node<Value> | null {
    let node: Node<Value> | null = this.#root;
    for (let start = 0; node !== null && start <= filter.length;) {
      const end = levelEnd(filter, start);
      node = this.#child(node, filter, start, end);
      start = end + 1;
    }
    return node;
  }

  #child(node: Node<Value>, filter: string, start: number, end: number): Node<Value> | null {
    if (end === start + 1) {
      if (filter[start] === '+') return node.plus;
      if (filter[start] === '#') return node.rest;
    }
    return lookUp(node, filter, start, end);
  }

  #insert(parent: Node<Value>, level: string): Node<Value> {
    this.#nodes++;
    const child = new Node<Value>(this.#shared(level), parent);
    if (level === '+') parent.plus = child;
    else if (level === '#') parent.rest = child;
    else link(parent, child);
    return child;
  }

  /** The same string for a level that many filters have, such as 'commands': found in a small cache by hash. */
  #shared(level: string): string {
    const slot = hashOf(level, 0, level.length) % SHARED_LEVELS;
    const known = this.#levels[slot];
    if (known === level) return known;
    this.#levels[slot] = level;
    return level;
  }

  /** Removes a node that carries nothing any more, and its ancestors likewise. */
  #prune(node: Node<Value>): void {
    let at: Node<Value> = node;
    while (at.parent !== null && isEmpty(at)) {
      const { parent } = at;
      if (parent.plus === at) parent.plus = null;
      else if (parent.rest === at) parent.rest = null;
      else unlink(parent, at);
      this.#nodes--;
      at = parent;
    }
  }
}

function levelEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && text.charCodeAt(at) !== SLASH) at++;
  return at;
}

/** Chosen anew by each process, so that nobody can prepare levels that collide. */
const SEED = randomInt(2 ** 32);

/** FNV-1a over UTF-16 units, cut to 30 bits so that V8 keeps it as a small integer. */
function hashOf(text: string, start: number, end: number): number {
  let hash = SEED;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & 0x3fffffff;
}

function lookUp<Value>(node: Node<Value>, text: string, start: number, end: number): Node<Value> | null {
  const length = end - start;
  let child = node.table === null ? node.first : (node.table.get(hashOf(text, start, end)) ?? null);
  while (child !== null && !(child.level.length === length && text.startsWith(child.level, start))) {
    child = child.next;
  }
  return child;
}

function link<Value>(parent: Node<Value>, child: Node<Value>): void {
  if (parent.table !== null) {
    addToTable(parent.table, child);
    return;
  }
  child.next = parent.first;
  parent.first = child;
  let children = 0;
  for (let at: Node<Value> | null = child; at !== null; at = at.next) children++;
  if (children > TABLE_FROM) tabulate(parent);
}

/** Moves the children of a node from its list to a table. */
function tabulate<Value>(parent: Node<Value>): void {
  const table = new Map<number, Node<Value>>();
  for (let at = parent.first; at !== null;) {
    const following: Node<Value> | null = at.next;
    addToTable(table, at);
    at = following;
  }
  parent.table = table;
  parent.first = null;
}

function addToTable<Value>(table: Map<number, Node<Value>>, child: Node<Value>): void {
  const hash = hashOf(child.level, 0, child.level.length);
  child.next = table.get(hash) ?? null;
  table.set(hash, child);
}

function unlink<Value>(parent: Node<Value>, child: Node<Value>): void {
  if (parent.table === null) {
    parent.first = without(parent.first, child);
    return;
  }
  const hash = hashOf(child.level, 0, child.level.length);
  const list = without(parent.table.get(hash) ?? null, child);
  if (list !== null) parent.table.set(hash, list);
  else parent.table.delete(hash);
  if (parent.table.size === 0) parent.table = null;
}

/** The list without one of its nodes; lists are short. */
function without<Value>(list: Node<Value> | null, child: Node<Value>): Node<Value> | null {
  if (list === null || list === child) return child.next;
  let at = list;
  while (at.next !== null && at.next !== child) at = at.next;
  at.next = child.next;
  return list;
}

function isEmpty<Value>(node: Node<Value>): boolean {
  const { values, first, table, plus, rest } = node;
  return values === undefined && first === null && table === null && plus === null && rest === null;
}

function addValue<Value>(node: Node<Value>, value: Value): boolean {
  const { values } = node;
  if (values === undefined) {
    node.values = value;
  } else if (values instanceof Several) {
    if (values.set.has(value)) return false;
    values.set.add(value);
  } else {
    if (values === value) return false;
    node.values = new Several(values, value);
  }
  return true;
}

function removeValue<Value>(node: Node<Value>, value: Value): boolean {
  const { values } = node;
  if (!(values instanceof Several)) {
    if (values === undefined || values !== value) return false;
    node.values = undefined;
    return true;
  }
  if (!values.set.delete(value)) return false;
  if (values.set.size === 1) [node.values] = values.set;
  return true;
}

function visitValues<Value>(node: Node<Value>, visit: (value: Value) => void): void {
  const { values } = node;
  if (values === undefined) return;
  if (values instanceof Several) values.set.forEach(visit);
  else visit(values);
}
