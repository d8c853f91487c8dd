import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicValues } from '../../src/topic/topic-match.ts';
import { parseTopicPattern } from '../../src/topic/topic-pattern.ts';

test('captures become + in the MQTT filter', () => {
  const { pattern, problems } = parseTopicPattern('/a/{site}/+/{device}/#');
  assert.deepEqual(problems, []);
  assert.equal(pattern.filter, '/a/+/+/+/#');
  assert.deepEqual(pattern.captures, [
    { name: 'site', level: 2 },
    { name: 'device', level: 4 },
  ]);
});

for (const [filter, topic, captures, rest] of [
  ['{a}/{b}', 'x/y', { a: 'x', b: 'y' }, ''],
  ['{a}/#', 'x', { a: 'x' }, ''],
  ['{a}/#', 'x/', { a: 'x' }, ''],
  ['{a}/#', 'x/y/z', { a: 'x' }, 'y/z'],
  ['{a}/{b}/c', '//c', { a: '', b: '' }, ''],
  ['#', '/x', {}, '/x'],
] as const) {
  test(`${filter} takes from ${topic}`, () => {
    const { pattern } = parseTopicPattern(filter);
    assert.deepEqual(topicValues(pattern, topic.split('/')), { captures, rest });
  });
}
