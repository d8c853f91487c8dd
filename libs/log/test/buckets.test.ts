import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buckets } from '@tributary/contracts';
import { isWrongLastSequence, LogError, openBucket, type LeaderBucket } from '../src/mod.ts';
import { startLog, type LogFixture } from './log-fixture.ts';

type Open = (log: LogFixture) => Promise<LeaderBucket>;

/** A bucket does the same whatever its writes go through. */
const ways: [name: string, open: Open][] = [
  ['the client', ({ js }) => openBucket(js, buckets.sessions, { replicas: 1 })],
  ['a publisher', ({ js, publisher }) => openBucket(js, buckets.sessions, { replicas: 1, publisher })],
];

for (const [name, open] of ways) {
  test(`writes through ${name} by revision`, async () => {
    await using log = await startLog();
    const bucket = await open(log);
    const first = await bucket.put('a', 'one', { previousSeq: 0 });
    await assert.rejects(bucket.put('a', 'two', { previousSeq: 0 }), isWrongLastSequence);
    const second = await bucket.put('a', Buffer.from('two'), { previousSeq: first });
    assert.equal((await bucket.get('a'))?.string(), 'two');
    assert.equal((await bucket.get('a'))?.revision, second);
    await assert.rejects(bucket.purge('a', { previousSeq: first, ttl: '1s' }), isWrongLastSequence);
    await bucket.purge('a', { previousSeq: second, ttl: '1s' });
    assert.equal((await bucket.get('a'))?.operation, 'PURGE');
    await assert.rejects(bucket.put('a', 'three', { previousSeq: second }), isWrongLastSequence);
    assert.ok((await bucket.put('a', 'three')) > second);
    await assert.rejects(bucket.put('a b', 'no key'));
  });

  test(`leaves nothing of a key purged through ${name} once its marker has gone`, async () => {
    await using log = await startLog();
    const bucket = await open(log);
    await bucket.put('a', 'one');
    await bucket.purge('a', { ttl: '1s' });
    const deadline = performance.now() + 10_000;
    while ((await bucket.get('a')) !== null && performance.now() < deadline) await pause(50);
    assert.equal(await bucket.get('a'), null);
    // As if it had never been.
    await bucket.put('a', 'two', { previousSeq: 0 });
  });
}

test('fails what a publisher has under way when its connection is closed', async () => {
  await using log = await startLog();
  const bucket = await openBucket(log.js, buckets.sessions, { replicas: 1, publisher: log.publisher });
  // What is written now gets no answer.
  log.server.pause();
  const writing = bucket.put('a', 'one', { timeout: 60_000 }).catch((error: unknown) => error);
  await pause(20);
  await log.nats.close();
  const outcome = await Promise.race([writing, pause(10_000)]);
  log.server.resume();
  assert.ok(outcome instanceof LogError && outcome.code === 'not-stored', String(outcome));
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
