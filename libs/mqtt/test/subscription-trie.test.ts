import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SubscriptionTrie, matchesTopic } from '../src/mod.ts';

function found(trie: SubscriptionTrie<string>, topic: string): string[] {
  const values: string[] = [];
  trie.match(topic, (value) => values.push(value));
  return values.sort();
}

const level = fc.constantFrom('', 'a', 'b', 'c', 'bb', '$x', 'longer-than-thirteen-characters');
const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(
    fc.array(fc.oneof({ weight: 3, arbitrary: level }, { weight: 1, arbitrary: fc.constant('+') }), {
      minLength: 0,
      maxLength: 5,
    }),
    fc.boolean(),
  )
  .map(([levels, rest]) => (rest ? [...levels, '#'] : levels.length === 0 ? ['a'] : levels).join('/'));

test('matches what a naive matcher matches, through additions and removals', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(filter, fc.constantFrom('x', 'y', 'z'), fc.boolean()), { maxLength: 60 }),
      fc.array(topic, { minLength: 1, maxLength: 10 }),
      (changes, topics) => {
        const trie = new SubscriptionTrie<string>();
        const naive = new Map<string, [string, string]>();
        for (const [filter, value, add] of changes) {
          const key = `${filter} ${value}`;
          if (add) {
            assert.equal(trie.add(filter, value), !naive.has(key));
            naive.set(key, [filter, value]);
          } else {
            assert.equal(trie.remove(filter, value), naive.delete(key));
          }
        }
        assert.equal(trie.size, naive.size);
        for (const name of topics.filter((name) => name !== '')) {
          const expected = [...naive.values()].filter(([filter]) => matchesTopic(filter, name));
          assert.deepEqual(found(trie, name), expected.map(([, value]) => value).sort(), name);
        }
        for (const [filter, value] of naive.values()) {
          assert.ok(trie.has(filter));
          assert.ok(trie.remove(filter, value));
        }
        assert.deepEqual([trie.size, trie.nodes], [0, 0]);
      },
    ),
    { numRuns: 500 },
  );
});

test('a busy level is found by hash, and shrinks again', () => {
  const trie = new SubscriptionTrie<number>();
  for (let id = 0; id < 10_000; id++) trie.add(`devices/${id}/commands`, id);
  for (const id of [0, 7, 4999, 9999]) {
    const seen: number[] = [];
    trie.match(`devices/${id}/commands`, (value) => seen.push(value));
    assert.deepEqual(seen, [id]);
  }
  for (let id = 0; id < 10_000; id++) assert.ok(trie.remove(`devices/${id}/commands`, id));
  assert.equal(trie.nodes, 0);
});

test('a visitor may match, and a topic of thousands of levels does not overflow', () => {
  const trie = new SubscriptionTrie<string>();
  trie.add('a/#', 'rest');
  trie.add('+/b', 'plus');
  trie.add(Array(5000).fill('+').join('/'), 'deep');
  const seen: string[] = [];
  trie.match('a/b', (outer) => trie.match('a', (inner) => seen.push(`${outer} ${inner}`)));
  assert.deepEqual(seen.sort(), ['plus rest', 'rest rest']);
  assert.deepEqual(found(trie, '/'.repeat(4999)), ['deep']);
});
