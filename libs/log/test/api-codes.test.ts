import assert from 'node:assert/strict';
import { it } from 'node:test';
import { JetStreamApiError } from '@nats-io/jetstream';
import { buckets } from '@tributary/contracts';
import { isWrongLastSequence, openBucket } from '../src/mod.ts';
import { startLog } from './log-fixture.ts';

it('a revision that somebody else has passed is a wrong last sequence', async () => {
  await using log = await startLog();
  const kv = await openBucket(log.js, buckets.leases, { replicas: 1 });
  const previousSeq = await kv.put('key', 'first');
  await kv.put('key', 'second');
  await assert.rejects(kv.put('key', 'third', { previousSeq }), isWrongLastSequence);
  await assert.rejects(kv.delete('key', { previousSeq }), isWrongLastSequence);
});

it('so is the other code, which only a cluster sends, and nothing else is', () => {
  const answer = (err_code: number) => new JetStreamApiError({ code: 400, err_code, description: 'as told' });
  assert.equal(isWrongLastSequence(answer(10164)), true);
  assert.equal(isWrongLastSequence(answer(10077)), false);
  assert.equal(isWrongLastSequence(new Error('wrong last sequence')), false);
});
