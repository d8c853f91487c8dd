import type { CommitRule, Watermark } from '@tributary/contracts';
import type { LogTopology } from '@tributary/log';
import type { IngressMetrics } from '../metrics.ts';
import type { CommitGroup } from './commit-group.ts';
import { CommitRules } from './commit-rules.ts';
import { CommitWait, type CommitWaiter } from './commit-wait.ts';

export interface CommitsOptions {
  readonly topology: LogTopology;
  /** How long an acknowledgement waits for Kafka once its message is in the log, in ms. */
  readonly timeoutMs: number;
  /** From this many on, connections that wait are not read. */
  readonly maxWaiting: number;
  readonly metrics: IngressMetrics;
}

/** Time between two looks for what has waited too long, in ms, if the timeout is not shorter still. */
const LOOK_MS = 250;

/**
 * The acknowledgements of a node that wait for Kafka. They wait in the order of the log, by what they wait for and by partition,
 * so a watermark that moves costs as much as it releases.
 */
export class Commits implements Disposable {
  readonly #rules = new CommitRules();
  readonly #options: CommitsOptions;
  /** By cluster: how far it is known to have come in each partition. */
  readonly #marks = new Map<string, Float64Array>();
  /** Those that somebody waits in. */
  readonly #groups = new Set<CommitGroup>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** What a message of this topic waits for besides the log. No rules: not even a look at the topic. */
  match(topic: string): CommitGroup | null {
    return this.#rules.any ? this.#rules.match(topic) : null;
  }

  /** As many wait as should at once. */
  get full(): boolean {
    return this.#options.metrics.commitsWaiting >= this.#options.maxWaiting;
  }

  /** A PUBLISH was taken whose acknowledgement will wait. */
  expect(group: CommitGroup, waiter: CommitWaiter): CommitWait {
    if (group.waiting++ === 0) this.#groups.add(group);
    this.#options.metrics.commitsWaiting++;
    return new CommitWait(group, waiter);
  }

  /** Its message is in the log. @returns true if it need not wait any more */
  stored(wait: CommitWait, partition: number, sequence: number): boolean {
    wait.sequence = sequence;
    wait.storedAtMs = performance.now();
    if (sequence > this.#passed(wait.group, partition)) {
      wait.group.queue(partition).push(wait);
      this.#timer ??= setTimeout(() => this.#look(), this.#lookMs);
      return false;
    }
    this.#options.metrics.commitReleased(wait.group.clusters.length > 0);
    this.forget(wait);
    return true;
  }

  /** Its connection is gone, or has its answer. */
  forget(wait: CommitWait): void {
    wait.queue?.remove(wait);
    if (--wait.group.waiting === 0) this.#groups.delete(wait.group);
    this.#options.metrics.commitsWaiting--;
  }

  /** A cluster says how far it has come; less than what is known changes nothing. */
  advance(cluster: string, partition: number, { incarnation, sequence }: Watermark): void {
    const { streams } = this.#options.topology;
    // Of another log than the one this node appends to, sequences mean nothing.
    if (streams[partition]?.incarnation !== incarnation) return;
    let marks = this.#marks.get(cluster);
    if (marks === undefined) this.#marks.set(cluster, (marks = new Float64Array(streams.length)));
    if (sequence <= (marks[partition] ?? 0)) return;
    marks[partition] = sequence;
    for (const group of this.#groups) if (group.clusters.includes(cluster)) this.#release(group, partition);
  }

  /** From now on these hold; whoever waits by another one only, waits no longer: its message is in the log. */
  hold(rules: readonly CommitRule[]): void {
    this.#rules.replace(rules);
    for (const group of this.#groups) {
      group.keep((rule) => this.#rules.has(rule));
      for (const partition of group.queues.keys()) this.#release(group, partition);
    }
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #passed({ clusters }: CommitGroup, partition: number): number {
    let passed = Infinity;
    for (const cluster of clusters) passed = Math.min(passed, this.#marks.get(cluster)?.[partition] ?? 0);
    return passed;
  }

  #release(group: CommitGroup, partition: number): void {
    const queue = group.queues[partition];
    const first = queue?.head;
    if (!queue || !first) return;
    const passed = this.#passed(group, partition);
    if (first.sequence > passed) return;
    const { metrics } = this.#options;
    metrics.commitWait.record((performance.now() - first.storedAtMs) / 1_000);
    for (let head = queue.head; head !== null && head.sequence <= passed; head = queue.head) {
      metrics.commitReleased(group.clusters.length > 0);
      this.forget(head);
      head.waiter.committed(head);
    }
  }

  get #lookMs(): number {
    return Math.min(LOOK_MS, this.#options.timeoutMs / 4);
  }

  #look(): void {
    this.#timer = null;
    const { timeoutMs, metrics } = this.#options;
    const since = performance.now() - timeoutMs;
    for (const group of this.#groups) {
      for (const queue of group.queues) {
        if (!queue) continue;
        for (let head = queue.head; head !== null && head.storedAtMs <= since; head = queue.head) {
          metrics.commitTimeouts.add(1);
          this.forget(head);
          head.waiter.overdue(head);
        }
      }
    }
    if (this.#groups.size > 0) this.#timer = setTimeout(() => this.#look(), this.#lookMs);
  }
}
