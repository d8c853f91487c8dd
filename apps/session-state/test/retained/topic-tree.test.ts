import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matchesTopic } from '@tributary/mqtt';
import { TopicTree } from '../../src/retained/topic-tree.ts';

const level = fc.constantFrom('', 'a', 'b', 'c', '$s');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'));

describe('topics found by filter', () => {
  it('are those that the filter matches', () => {
    fc.assert(
      fc.property(fc.uniqueArray(topic, { maxLength: 30 }), filter, (topics, wanted) => {
        const tree = new TopicTree<string>();
        for (const name of topics) tree.set(name, name);
        assert.deepEqual(
          [...tree.match(wanted)].sort(),
          topics.filter((name) => matchesTopic(wanted, name)).sort(),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('stay right through any sequence of sets and deletes', () => {
    const step = fc.tuple(fc.boolean(), topic);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tree = new TopicTree<number>();
        const model = new Map<string, number>();
        steps.forEach(([set, name], n) => {
          if (set) {
            tree.set(name, n);
            model.set(name, n);
          } else {
            tree.delete(name);
            model.delete(name);
          }
        });
        assert.equal(tree.size, model.size);
        for (const [name, value] of model) assert.equal(tree.get(name), value);
        assert.deepEqual([...tree.values()].sort(), [...model.values()].sort());
      }),
    );
  });

  it('leave nothing behind when they are deleted', () => {
    const tree = new TopicTree<number>();
    tree.set('a/b/c', 1);
    tree.set('a/b', 2);
    tree.delete('a/b/c');
    assert.deepEqual([...tree.match('#')], [2]);
    tree.delete('a/b');
    assert.deepEqual([...tree.match('#')], []);
    assert.equal(tree.get('a'), undefined);
  });
});
