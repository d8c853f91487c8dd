import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTopicPattern, type TopicPattern } from '../../src/topic/topic-pattern.ts';
import { TopicTrie } from '../../src/topic/topic-trie.ts';

function matching(filters: readonly string[], topic: string): string[] {
  const trie = new TopicTrie();
  filters.forEach((filter, id) => trie.add(parseTopicPattern(filter).pattern, id));
  return trie.match(topic.split('/')).map((id) => filters[id] ?? '');
}

/** The rules of MQTT 5, 4.7, word by word. */
function matches({ levels, open }: TopicPattern, topic: readonly string[]): boolean {
  const first = levels[0];
  const beginsWithWildcard = first === undefined ? open : first.kind === 'any';
  if (topic[0]?.startsWith('$') && beginsWithWildcard) return false;
  if (open ? topic.length < levels.length : topic.length !== levels.length) return false;
  return levels.every((level, index) => level.kind === 'any' || level.text === topic[index]);
}

test('MQTT 5, 4.7.1-4.7.3', () => {
  const filters = ['#', '+/#', '{a}/b', 'a/+', 'a/b', 'a/b/#', 'a', '/a', '+/+', '$SYS/#', '$SYS/+', '+'];
  assert.deepEqual(matching(filters, 'a/b'), ['#', '+/#', '{a}/b', 'a/+', 'a/b', 'a/b/#', '+/+']);
  assert.deepEqual(matching(filters, 'a'), ['#', '+/#', 'a', '+']);
  assert.deepEqual(matching(filters, '/a'), ['#', '+/#', '/a', '+/+']);
  assert.deepEqual(matching(filters, '$SYS/b'), ['$SYS/#', '$SYS/+']);
  assert.deepEqual(matching(filters, '$SYS'), ['$SYS/#']);
  assert.deepEqual(matching(filters, 'A/b'), ['#', '+/#', '{a}/b', '+/+']);
});

test('routes are found in the order of the file', () => {
  assert.deepEqual(matching(['a/b', '#', 'a/#', '+/b'], 'a/b'), ['a/b', '#', 'a/#', '+/b']);
});

test('the trie finds what the rules say, for any filters and topic', () => {
  const name = fc.constantFrom('a', 'b', '', '$SYS', 'é');
  const level = fc.oneof(name, fc.constant('+'), fc.constantFrom('{x}', '{y}'));
  const filter = fc
    .tuple(
      fc.uniqueArray(level, { maxLength: 4, selector: (text) => (text.startsWith('{') ? text : {}) }),
      fc.boolean(),
    )
    .map(([levels, open]) => [...levels, ...(open || levels.length === 0 ? ['#'] : [])].join('/'));
  const topic = fc.array(name, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(filter, { maxLength: 12 }), topic, (filters, levels) => {
      const patterns = filters.map((text) => parseTopicPattern(text).pattern);
      const trie = new TopicTrie();
      patterns.forEach((pattern, id) => trie.add(pattern, id));
      const expected = [...patterns.keys()].filter((id) => {
        const pattern = patterns[id];
        return pattern !== undefined && matches(pattern, levels);
      });
      assert.deepEqual(trie.match(levels), expected);
    }),
    { numRuns: 2000 },
  );
});
