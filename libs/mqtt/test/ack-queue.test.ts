import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AckQueue } from '../src/mod.ts';

test('answers leave in the order of their places, whatever order they come in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 1000 }), { maxLength: 200 }), (order) => {
      const left: number[] = [];
      const queue = new AckQueue<number>((answer) => left.push(answer));
      const open: number[] = [];
      let count = 0;
      for (const pick of order) {
        if (pick % 2 === 0 || open.length === 0) {
          open.push(queue.open());
          count++;
        } else {
          const [place] = open.splice(pick % open.length, 1);
          queue.settle(place!, place!);
        }
      }
      assert.equal(queue.size, count - left.length);
      for (const place of open) queue.settle(place, place);
      assert.deepEqual(
        left,
        [...left].sort((a, b) => a - b),
      );
      assert.equal(left.length, count);
      assert.equal(queue.size, 0);
    }),
  );
});

test('a place is settled once, and not after clear', () => {
  const left: string[] = [];
  const queue = new AckQueue<string>((answer) => left.push(answer));
  const [first, second, third] = [queue.open(), queue.open(), queue.open()];
  queue.settle(second, 'second');
  queue.settle(second, 'again');
  assert.deepEqual(left, []);
  queue.settle(first, 'first');
  queue.settle(first, 'again');
  assert.deepEqual(left, ['first', 'second']);
  queue.clear();
  queue.settle(third, 'third');
  assert.deepEqual(left, ['first', 'second']);
  queue.settle(queue.open(), 'fourth');
  assert.deepEqual(left, ['first', 'second', 'fourth']);
});
