import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ByteArena } from '../../src/pipeline/byte-arena.ts';
import { TopicCache, type Cached } from '../../src/pipeline/topic-cache.ts';

const bytesAsValues: Cached<Uint8Array> = {
  arrayBytes: (value) => value.length,
  objectBytes: (topic) => 100 + topic.length,
  moved: (value, arena: ByteArena) => arena.keep(value),
};

test('what is put is found again, until it is the oldest', () => {
  const cache = new TopicCache(4096, bytesAsValues);
  assert.equal(cache.get('a'), null);
  cache.put('a', Uint8Array.of(1, 2));
  assert.deepEqual(cache.get('a'), Uint8Array.of(1, 2));
  for (let index = 0; index < 1000; index++) {
    cache.put(`t${index}`, Uint8Array.of(index & 0xff));
    // Asked for again and again, it stays.
    assert.deepEqual(cache.get('a'), Uint8Array.of(1, 2), `after ${index}`);
  }
  assert.equal(cache.get('t0'), null);
  assert.deepEqual(cache.get('t999'), Uint8Array.of(999 & 0xff));
});

test('a cache of no bytes keeps nothing and works', () => {
  const cache = new TopicCache(0, bytesAsValues);
  assert.deepEqual(cache.put('a', Uint8Array.of(1)), Uint8Array.of(1));
  assert.equal(cache.get('a'), null);
  assert.equal(cache.bytes, 0);
});

test('whatever is put, the bound holds and nothing is mixed up', () => {
  const operation = fc.record({
    topic: fc.integer({ min: 0, max: 60 }),
    size: fc.integer({ min: 0, max: 3000 }),
  });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 200 }),
      fc.integer({ min: 0, max: 20_000 }),
      (operations, max) => {
        const cache = new TopicCache(max, bytesAsValues);
        const latest = new Map<string, Uint8Array>();
        for (const { topic, size } of operations) {
          const name = `topic ${topic}`;
          const found = cache.get(name);
          if (found !== null) assert.deepEqual(Buffer.from(found), latest.get(name));
          else {
            const value = Buffer.alloc(size, topic);
            latest.set(name, value);
            assert.deepEqual(Buffer.from(cache.put(name, value)), value);
          }
          assert.ok(cache.bytes <= max, `${cache.bytes} of ${max}`);
        }
      },
    ),
  );
});
