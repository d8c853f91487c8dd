import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommitRule } from '@tributary/contracts';
import { Metrics } from '@tributary/telemetry';
import { until } from '@tributary/testing';
import type { CommitWait, CommitWaiter } from '../../src/commit/commit-wait.ts';
import { Commits } from '../../src/commit/commits.ts';
import { IngressMetrics } from '../../src/metrics.ts';

const rule = (filter: string, cluster: string): CommitRule => ({ filter, cluster });

/** What became of the acknowledgements of one test, in order. */
class Desk implements CommitWaiter, Disposable {
  readonly metrics = new IngressMetrics(new Metrics({ service: 'test', instance: 'test', version: '0' }));
  readonly commits: Commits;
  readonly answered: string[] = [];
  readonly #names = new Map<CommitWait, string>();

  constructor(rules: readonly CommitRule[], options: { timeoutMs?: number; maxWaiting?: number } = {}) {
    const stream = { name: '', incarnation: 'one', firstSequence: 1, lastSequence: 0 };
    this.commits = new Commits({
      topology: { generation: 1, partitions: 2, streams: [stream, stream] },
      timeoutMs: 60_000,
      maxWaiting: 1_000,
      metrics: this.metrics,
      ...options,
    });
    this.commits.hold(rules);
  }

  /** A message of this topic is in the log. */
  store(topic: string, sequence: number, partition = 0): CommitWait | null {
    const group = this.commits.match(topic);
    if (group === null) return null;
    const wait = this.commits.expect(group, this);
    this.#names.set(wait, `${topic}@${sequence}`);
    if (this.commits.stored(wait, partition, sequence)) this.committed(wait);
    return wait;
  }

  mark(cluster: string, sequence: number, partition = 0, incarnation = 'one'): void {
    this.commits.advance(cluster, partition, { incarnation, sequence, epoch: 1 });
  }

  committed(wait: CommitWait): void {
    this.answered.push(this.#names.get(wait) ?? '');
  }

  overdue(wait: CommitWait): void {
    this.answered.push(`late ${this.#names.get(wait)}`);
  }

  [Symbol.dispose](): void {
    this.commits[Symbol.dispose]();
  }
}

describe('acknowledgements that wait for Kafka', () => {
  it('are those whose topic matches a rule', () => {
    using desk = new Desk([rule('a/+', 'main')]);
    assert.deepEqual([desk.store('b', 1), desk.store('a/b/c', 2), desk.store('$a/b', 3)], [null, null, null]);
    assert.notEqual(desk.store('a/b', 4), null);
    assert.equal(desk.metrics.commitsWaiting, 1);
  });

  it('leave when the watermark of their partition has come to them, and not before', () => {
    using desk = new Desk([rule('a', 'main')]);
    for (const sequence of [5, 5, 7]) desk.store('a', sequence);
    desk.store('a', 1, 1);
    desk.mark('main', 4);
    desk.mark('other', 9);
    assert.deepEqual(desk.answered, []);
    desk.mark('main', 6);
    assert.deepEqual(desk.answered, ['a@5', 'a@5']);
    desk.mark('main', 3);
    desk.mark('main', 7);
    assert.deepEqual(desk.answered, ['a@5', 'a@5', 'a@7']);
    assert.equal(desk.metrics.commitsWaiting, 1, 'that of the other partition');
  });

  it('need not wait if Kafka was faster; a lower watermark takes nothing back', () => {
    using desk = new Desk([rule('a', 'main')]);
    desk.mark('main', 10);
    desk.mark('main', 2);
    desk.store('a', 10);
    assert.deepEqual(desk.answered, ['a@10']);
    desk.store('a', 11);
    assert.equal(desk.metrics.commitsWaiting, 1);
  });

  it('wait for all clusters of all rules that match', () => {
    using desk = new Desk([rule('a/#', 'main'), rule('+/b', 'archive'), rule('a/b', 'main')]);
    desk.store('a/b', 3);
    desk.store('a/c', 4);
    desk.mark('main', 9);
    assert.deepEqual(desk.answered, ['a/c@4']);
    desk.mark('archive', 3);
    assert.deepEqual(desk.answered, ['a/c@4', 'a/b@3']);
  });

  it('take no word from another log', () => {
    using desk = new Desk([rule('a', 'main')]);
    desk.store('a', 1);
    desk.mark('main', 100, 0, 'another');
    assert.deepEqual(desk.answered, []);
  });

  it('leave when the rule goes, or its cluster; those of other rules stay', () => {
    using desk = new Desk([rule('a/#', 'main'), rule('a/b', 'archive'), rule('c', 'archive')]);
    desk.store('a/b', 1);
    desk.store('a/c', 2);
    desk.store('c', 3);
    desk.commits.hold([rule('a/#', 'main'), rule('a/b', 'archive')]);
    assert.deepEqual(desk.answered, ['c@3']);
    desk.commits.hold([rule('a/b', 'archive')]);
    assert.deepEqual(desk.answered, ['c@3', 'a/c@2']);
    desk.mark('archive', 1);
    assert.deepEqual(desk.answered, ['c@3', 'a/c@2', 'a/b@1']);
    assert.equal(desk.metrics.commitsWaiting, 0);
  });

  it('leave at once if their rule has gone before they were stored', () => {
    using desk = new Desk([rule('a', 'main')]);
    const group = desk.commits.match('a');
    assert.ok(group);
    const wait = desk.commits.expect(group, desk);
    desk.commits.hold([]);
    assert.equal(desk.commits.stored(wait, 0, 1), true);
  });

  it('wait no longer than they may', async () => {
    using desk = new Desk([rule('a', 'main'), rule('b', 'archive')], { timeoutMs: 100 });
    const beganAt = performance.now();
    desk.store('a', 1);
    desk.store('b', 2);
    await delay(60);
    desk.store('a', 3);
    await until(() => desk.answered.length === 2, { intervalMs: 2 });
    assert.ok(performance.now() - beganAt >= 99);
    assert.deepEqual(desk.answered.toSorted(), ['late a@1', 'late b@2']);
    desk.mark('main', 3);
    assert.equal(desk.answered.at(-1), 'a@3');
    assert.equal(desk.metrics.commitsWaiting, 0);
  });

  it('are forgotten with their connection, wherever they stand in line', () => {
    using desk = new Desk([rule('a', 'main')]);
    const waits = [1, 2, 3, 4].map((sequence) => desk.store('a', sequence));
    for (const index of [1, 3]) {
      const wait = waits[index];
      if (wait) desk.commits.forget(wait);
    }
    desk.mark('main', 9);
    assert.deepEqual(desk.answered, ['a@1', 'a@3']);
    assert.equal(desk.metrics.commitsWaiting, 0);
  });

  it('are so many at most', () => {
    using desk = new Desk([rule('a', 'main')], { maxWaiting: 2 });
    desk.store('a', 1);
    assert.equal(desk.commits.full, false);
    desk.store('a', 2);
    assert.equal(desk.commits.full, true);
    desk.mark('main', 1);
    assert.equal(desk.commits.full, false);
  });
});
