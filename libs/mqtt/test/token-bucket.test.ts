import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from '../src/mod.ts';

function bucket(
  perSecond: number,
  burst: number,
): { take: (n: number) => number; tryTake: (n: number) => boolean; at: (ms: number) => void } {
  let now = 1_000;
  const made = new TokenBucket({ perSecond, burst, now: () => now });
  return { take: (n) => made.take(n), tryTake: (n) => made.tryTake(n), at: (ms) => (now = 1_000 + ms) };
}

test('a burst is free, a debt is paid at the rate', () => {
  const { take, at } = bucket(10, 20);
  assert.equal(take(20), 0);
  assert.equal(take(5), 500);
  at(500);
  assert.equal(take(1), 100);
  at(1_000);
  assert.equal(take(4), 0);
});

test('what came back while nobody asked counts, up to a burst', () => {
  const { take, at } = bucket(10, 20);
  assert.equal(take(19), 0);
  at(3_600_000);
  assert.equal(take(20), 0);
  assert.equal(take(1), 100);
});

test('who is turned away owes nothing', () => {
  const { tryTake, at } = bucket(10, 2);
  assert.deepEqual(
    Array.from({ length: 100 }, () => tryTake(1)),
    Array.from({ length: 100 }, (_, n) => n < 2),
  );
  at(100);
  assert.deepEqual([tryTake(1), tryTake(1)], [true, false]);
});

test('over any time the rate holds, whatever is taken at once', () => {
  const { take, at } = bucket(100, 100);
  let now = 0;
  let taken = 0;
  for (let turn = 0; now < 60_000; turn++) {
    const tokens = 1 + ((turn * 7) % 300);
    taken += tokens;
    now += take(tokens);
    at(now);
  }
  assert.ok(Math.abs(taken - (100 + (now * 100) / 1_000)) < 1, `${taken} in ${now} ms`);
});
