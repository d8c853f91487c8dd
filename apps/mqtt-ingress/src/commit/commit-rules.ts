import type { CommitRule } from '@tributary/contracts';
import { SubscriptionTrie } from '@tributary/mqtt';
import { CommitGroup } from './commit-group.ts';

/** Groups remembered by what they match. Beyond it they are forgotten, and made again as needed: that costs only memory. */
const MAX_GROUPS = 1_024;

/** Which topics are acknowledged when which Kafka clusters have their messages. */
export class CommitRules {
  #rules: readonly CommitRule[] = [];
  #keys: ReadonlySet<string> = new Set();
  #trie = new SubscriptionTrie<number>();
  readonly #groups = new Map<string, CommitGroup>();
  readonly #matched: number[] = [];
  readonly #collect = (index: number): void => void this.#matched.push(index);

  /** Whether there is any rule at all: without, no topic need be looked at. */
  get any(): boolean {
    return this.#rules.length > 0;
  }

  replace(rules: readonly CommitRule[]): void {
    this.#rules = rules;
    this.#keys = new Set(rules.map(keyOf));
    this.#trie = new SubscriptionTrie();
    rules.forEach(({ filter }, index) => this.#trie.add(filter, index));
    this.#groups.clear();
  }

  has(rule: CommitRule): boolean {
    return this.#keys.has(keyOf(rule));
  }

  /** What a message of this topic waits for; null: for nothing but the log. */
  match(topic: string): CommitGroup | null {
    const matched = this.#matched;
    matched.length = 0;
    this.#trie.match(topic, this.#collect);
    if (matched.length === 0) return null;
    const key = matched.sort((a, b) => a - b).join();
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= MAX_GROUPS) this.#groups.clear();
    const group = new CommitGroup(matched.flatMap((index) => this.#rules[index] ?? []));
    this.#groups.set(key, group);
    return group;
  }
}

function keyOf({ filter, cluster }: CommitRule): string {
  return `${cluster} ${filter}`;
}
