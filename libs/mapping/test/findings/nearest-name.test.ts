import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearestName } from '../../src/findings/nearest-name.ts';

const names = ['topic', 'payload', 'qos', 'retain', 'client', 'operator', 'mode'];

for (const [written, meant] of [
  ['oprator', 'operator'],
  ['payloda', 'payload'],
  ['Topic', 'topic'],
  ['retian', 'retain'],
  ['clients', 'client'],
  ['mod', 'mode'],
  ['qs', 'qos'],
  ['x', null],
  ['vehicle', null],
  ['', null],
] as const) {
  test(`"${written}" is ${meant === null ? 'like no name' : `like "${meant}"`}`, () => {
    assert.equal(nearestName(written, names), meant);
  });
}

test('without a near name all are offered', () => {
  assert.equal(didYouMean('zzz', ['log', 'kafka']), 'one of: log, kafka');
  assert.equal(didYouMean('kafak', ['log', 'kafka']), 'did you mean `kafka`?');
});
