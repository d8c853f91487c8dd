import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeadlineWheel, type Deadline } from '../../src/engine/deadline-wheel.ts';

function deadline(next: (now: number) => number): Deadline & { seen: number[] } {
  const seen: number[] = [];
  return {
    seen,
    due(now) {
      seen.push(now);
      return next(now);
    },
  };
}

test('a deadline is looked at when it is due, never earlier, and as often as it asks', async () => {
  const wheel = new DeadlineWheel();
  const start = wheel.now;
  const once = deadline(() => 0);
  const again = deadline((now) => now + 600);
  const gone = deadline(() => 0);
  wheel.set(once, start + 700);
  wheel.set(again, start + 600);
  wheel.set(gone, start + 600);
  wheel.delete(gone);
  assert.equal(wheel.size, 2);
  await new Promise((resolve) => setTimeout(resolve, 3_700));
  assert.equal(once.seen.length, 1);
  assert.ok(once.seen[0]! >= start + 700);
  assert.ok(again.seen.length >= 2, `looked at ${again.seen.length} times`);
  assert.deepEqual(gone.seen, []);
  wheel.stop();
  assert.equal(wheel.size, 0);
});

test('the clock stands still while the event loop is blocked', async () => {
  const wheel = new DeadlineWheel();
  const start = wheel.now;
  const silent = deadline(() => 0);
  wheel.set(silent, start + 3_000);
  const until = performance.now() + 4_000;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.deepEqual(silent.seen, []);
  wheel.stop();
});
