import type { CommitRule } from '@tributary/contracts';
import { CommitQueue } from './commit-wait.ts';

/** What the messages of topics that match the same rules wait for. */
export class CommitGroup {
  #rules: readonly CommitRule[];
  #clusters: readonly string[];
  /** By log partition. */
  readonly queues: (CommitQueue | undefined)[] = [];
  /** Acknowledgements that wait, whether in a queue or for the log. */
  waiting = 0;

  constructor(rules: readonly CommitRule[]) {
    this.#rules = rules;
    this.#clusters = clustersOf(rules);
  }

  /** All of them must have a message; none: nothing asks to wait any more. */
  get clusters(): readonly string[] {
    return this.#clusters;
  }

  queue(partition: number): CommitQueue {
    return (this.queues[partition] ??= new CommitQueue());
  }

  /** Lets go of rules that are not in force any more. */
  keep(inForce: (rule: CommitRule) => boolean): void {
    this.#rules = this.#rules.filter(inForce);
    this.#clusters = clustersOf(this.#rules);
  }
}

function clustersOf(rules: readonly CommitRule[]): string[] {
  return [...new Set(rules.map(({ cluster }) => cluster))];
}
