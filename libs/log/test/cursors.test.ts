import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { buckets, DUPLICATE_WINDOW_MS } from '@tributary/contracts';
import { CursorRegistry, ensureLog, LogAppender, LogPurger, openBucket } from '../src/mod.ts';
import { limits, numbered, range, shape, startLog } from './log-fixture.ts';

async function sequences(cursors: CursorRegistry): Promise<number[]> {
  return (await cursors.readers(1, 0)).map(({ cursor }) => cursor.sequence).toSorted((a, b) => a - b);
}

describe('cursors and purge', () => {
  it('a new reader starts at the end, keeps its cursor when registered again, and can be removed', async () => {
    await using log = await startLog();
    const topology = await ensureLog(log.manager, shape, limits);
    const cursors = new CursorRegistry(await openBucket(log.js, buckets.cursors, { replicas: 1 }));
    const incarnation = topology.streams[0]?.incarnation ?? '';
    await cursors.register('session-state', topology);
    assert.deepEqual(await cursors.read('session-state', 1, 0), { incarnation, sequence: 0, since: 0 });
    await cursors.advance('session-state', 1, 0, { incarnation, sequence: 7 });
    await cursors.register('session-state', topology);
    assert.equal((await cursors.read('session-state', 1, 0))?.sequence, 7);
    await cursors.register('cluster_main', topology);
    assert.deepEqual(await sequences(cursors), [0, 7]);
    await cursors.remove('cluster_main', topology);
    assert.deepEqual(await sequences(cursors), [7]);
    await cursors.remove('session-state', topology);
    assert.deepEqual(await sequences(cursors), []);
    assert.equal(await cursors.advance('cluster_main', 1, 0, { incarnation, sequence: 9 }), false);
    assert.deepEqual(await sequences(cursors), [], 'a reader that was removed stays away');
    assert.deepEqual(await cursors.entries(), []);
  });

  it('forgets a cursor only as long as nobody has moved it', async () => {
    await using log = await startLog();
    const topology = await ensureLog(log.manager, shape, limits);
    const incarnation = topology.streams[0]?.incarnation ?? '';
    const cursors = new CursorRegistry(await openBucket(log.js, buckets.cursors, { replicas: 1 }));
    await cursors.register('cluster_main', topology);
    const before = await cursors.entries();
    assert.deepEqual(
      before.map(({ reader, partition }) => [reader, partition]).toSorted(),
      range(shape.partitions).map((partition) => ['cluster_main', partition]),
    );
    await cursors.advance('cluster_main', 1, 0, { incarnation, sequence: 3 });
    const forgotten = await Promise.all(before.map((entry) => cursors.forget(entry)));
    assert.equal(forgotten.filter(Boolean).length, shape.partitions - 1);
    const [moved] = await cursors.entries();
    await cursors.register('cluster_main', topology);
    assert.ok(moved && !(await cursors.forget(moved)), 'nor when it was registered again');
    assert.equal((await cursors.read('cluster_main', 1, 0))?.sequence, 3);
  });

  it('the log is purged up to the slowest reader, but never within the duplicate window', async () => {
    await using log = await startLog();
    const topology = await ensureLog(log.manager, shape, limits);
    const incarnation = topology.streams[0]?.incarnation ?? '';
    const cursors = new CursorRegistry(await openBucket(log.js, buckets.cursors, { replicas: 1 }));
    const appender = new LogAppender(log.publisher, shape);
    for (const n of range(10)) {
      appender.append(0, numbered(n), null);
      await appender.flush();
    }
    await cursors.register('fast', topology);
    await cursors.register('slow', topology);
    await cursors.advance('fast', 1, 0, { incarnation, sequence: 10 });
    await cursors.advance('slow', 1, 0, { incarnation, sequence: 4 });
    const purger = new LogPurger(log.manager, cursors);
    assert.equal(await purger.purge(1, 0), 0, 'all of it is younger than the duplicate window');

    const now = performance.now();
    const clock = mock.method(performance, 'now', () => now + DUPLICATE_WINDOW_MS + 1_000);
    try {
      assert.equal(await purger.purge(1, 0), 4, 'up to the slow reader');
    } finally {
      clock.mock.restore();
    }
    const { state } = await log.manager.streams.info(topology.streams[0]?.name ?? '');
    assert.equal(state.first_seq, 5);
  });

  it('a cursor of the log that was there before does not have the new one purged', async () => {
    await using log = await startLog();
    const before = await ensureLog(log.manager, shape, limits);
    const cursors = new CursorRegistry(await openBucket(log.js, buckets.cursors, { replicas: 1 }));
    await cursors.register('cluster_main', before);
    const { name = '', incarnation = '' } = before.streams[0] ?? {};
    await cursors.advance('cluster_main', 1, 0, { incarnation, sequence: 10 });
    await log.manager.streams.delete(name);
    await ensureLog(log.manager, shape, limits);
    const appender = new LogAppender(log.publisher, shape);
    appender.append(0, numbered(0), null);
    await appender.flush();
    const purger = new LogPurger(log.manager, cursors);
    await purger.purge(1, 0);
    const now = performance.now();
    const clock = mock.method(performance, 'now', () => now + DUPLICATE_WINDOW_MS + 1_000);
    try {
      assert.equal(await purger.purge(1, 0), 0, 'nobody has read it');
    } finally {
      clock.mock.restore();
    }
  });

  it('without any reader nothing is purged', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const cursors = new CursorRegistry(await openBucket(log.js, buckets.cursors, { replicas: 1 }));
    const appender = new LogAppender(log.publisher, shape);
    appender.append(0, numbered(0), null);
    await appender.flush();
    const purger = new LogPurger(log.manager, cursors);
    const now = performance.now();
    await purger.purge(1, 0);
    const clock = mock.method(performance, 'now', () => now + DUPLICATE_WINDOW_MS * 2);
    try {
      assert.equal(await purger.purge(1, 0), 0);
    } finally {
      clock.mock.restore();
    }
  });
});
