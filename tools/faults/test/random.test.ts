import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../src/random.ts';

test('the same seed and name give the same numbers, and others others', () => {
  const draw = (random: Random): number[] => Array.from({ length: 5 }, () => random.next());
  assert.deepEqual(draw(Random.of(7, 'a')), draw(Random.of(7, 'a')));
  assert.notDeepEqual(draw(Random.of(7, 'a')), draw(Random.of(8, 'a')));
  assert.notDeepEqual(draw(Random.of(7, 'a')), draw(Random.of(7, 'b')));
});

test('numbers lie where they should, both ends included', () => {
  const random = new Random(3);
  const drawn = new Set(Array.from({ length: 500 }, () => random.between(2, 5)));
  assert.deepEqual([...drawn].toSorted(), [2, 3, 4, 5]);
});

test('shuffling keeps all', () => {
  const all = [1, 2, 3, 4, 5, 6];
  const shuffled = new Random(1).shuffled(all);
  assert.notDeepEqual(shuffled, all);
  assert.deepEqual(shuffled.toSorted(), all);
});
