import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutcomeSink } from '../src/tests/outcome.ts';
import { compiled, message, options } from './fixtures/run.ts';

const mapping = compiled(`version: 1
clusters:
  main: { brokers: ["kafka:9092"] }
  other: { brokers: ["kafka:9092"] }
defaults: { cluster: main, ack: kafka }
routes:
  - { name: a, from: { mqtt: "a/{x}" }, when: 'x == "yes"', to: { kafka: t } }
  - { name: again, from: { mqtt: "a/+" }, to: { kafka: u } , when: 'qos > 5' }
  - { name: elsewhere, from: { mqtt: "a/#" }, to: { kafka: t, cluster: other } }
  - { name: log, from: { mqtt: "b" }, ack: log, to: { kafka: t } }
`);

describe('ack: kafka', () => {
  it('is told as filters and clusters, each pair once', () => {
    assert.deepEqual(mapping.awaited, [
      { filter: 'a/+', cluster: 'main' },
      { filter: 'a/#', cluster: 'other' },
    ]);
  });

  const cases = [
    { about: 'a record', topic: 'a/yes', cluster: 'main', awaited: true },
    { about: 'no record by a condition on the topic', topic: 'a/no', cluster: 'main', awaited: true },
    { about: 'QoS 0', topic: 'a/yes', cluster: 'main', qos: 0, awaited: false },
    { about: 'a filter of the other cluster only', topic: 'a/b/c', cluster: 'main', awaited: false },
    { about: 'the other cluster', topic: 'a/b/c', cluster: 'other', awaited: true },
    { about: 'ack: log', topic: 'b', cluster: 'main', awaited: false },
    { about: 'no route', topic: 'c', cluster: 'main', awaited: false },
  ] as const;
  for (const { about, topic, cluster, awaited, ...rest } of cases) {
    it(`${about}: an acknowledgement ${awaited ? 'waits' : 'does not wait'} for the cluster`, () => {
      const pipeline = mapping.pipeline(cluster, options);
      for (const where of ['planned', 'cached']) {
        assert.equal(pipeline.map(message({ topic, ...rest }), new OutcomeSink()), awaited, where);
      }
    });
  }
});
