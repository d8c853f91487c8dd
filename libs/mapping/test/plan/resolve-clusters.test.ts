import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MappingError, resolveClusters } from '../../src/mod.ts';
import { withCluster } from '../fixtures/documents.ts';
import { compiled } from '../fixtures/run.ts';

test('the least a cluster says', () => {
  assert.deepEqual(resolveClusters(compiled(withCluster('brokers: ["k1:9092", "[::1]:9093"]')), {}), [
    {
      name: 'main',
      brokers: ['k1:9092', '[::1]:9093'],
      delivery: 'at-least-once',
      required: true,
      ssl: null,
      sasl: null,
      createTopics: null,
      topics: ['t'],
      awaited: false,
    },
  ]);
});

test('the most a cluster says, with the environment filled in', () => {
  const mapping = compiled(`version: 1
clusters:
  main:
    brokers: ["\${env:KAFKA_BROKERS}", "k3.\${env:DOMAIN}:9092"]
    delivery: at-least-once
    required: false
    createTopics: { partitions: 6, replication: 3 }
    ssl: { ca: "\${env:CA}", servername: kafka, rejectUnauthorized: false }
    sasl: { mechanism: scram-sha-512, username: tributary, password: "\${env:PASSWORD}" }
  other: { brokers: "\${env:KAFKA_BROKERS}", ssl: true, createTopics: false }
defaults: { cluster: main }
routes:
  - { name: a, from: { mqtt: "a/{x}" }, to: { kafka: "v.\${x}", topics: [v.b, v.a] } }
  - { name: b, from: { mqtt: "b" }, to: { kafka: v.a } }
  - { name: c, from: { mqtt: "c" }, ack: kafka, to: { kafka: v.c, cluster: other } }
`);
  const variables = {
    KAFKA_BROKERS: 'k1:9092, k2:9092',
    DOMAIN: 'example.org',
    CA: 'PEM',
    PASSWORD: 'geheim',
  };
  const [main, other] = resolveClusters(mapping, variables);
  assert.deepEqual(main, {
    name: 'main',
    brokers: ['k1:9092', 'k2:9092', 'k3.example.org:9092'],
    delivery: 'at-least-once',
    required: false,
    ssl: { ca: 'PEM', servername: 'kafka', rejectUnauthorized: false },
    sasl: { mechanism: 'scram-sha-512', username: 'tributary', password: 'geheim' },
    createTopics: { partitions: 6, replication: 3 },
    topics: ['v.a', 'v.b'],
    awaited: false,
  });
  assert.deepEqual(
    [other?.ssl, other?.createTopics, other?.topics, other?.awaited],
    [{}, null, ['v.c'], true],
  );
});

test('every variable that is missing or wrong is named at once, and no secret is', () => {
  const mapping = compiled(
    withCluster(
      'brokers: ["${env:BROKERS}", "${env:MORE}"]',
      'sasl: { mechanism: plain, username: "${env:USER_NAME}", password: "${env:PASSWORD}" }',
    ),
  );
  assert.throws(
    () => resolveClusters(mapping, { MORE: 'kafka', PASSWORD: 'geheim', USER_NAME: '' }),
    (error: unknown) => {
      assert.ok(error instanceof MappingError);
      assert.deepEqual([error.code, error.retryable], ['environment-incomplete', false]);
      assert.deepEqual(error.message.split('\n'), [
        'BROKERS is not set; the mapping uses it for the cluster "main"',
        'MORE gives the broker "kafka" for the cluster "main"; it must be host:port',
        'USER_NAME is not set; the mapping uses it for the cluster "main"',
      ]);
      return true;
    },
  );
});

test('a pipeline for a cluster that is not declared is an error of the caller', () => {
  const mapping = compiled(withCluster('brokers: ["k:1"]'));
  const decodeProperties = () => ({ userProperties: [] });
  assert.throws(() => mapping.pipeline('mian', { cacheBytes: 0, decodeProperties }), {
    name: 'MappingError',
    code: 'cluster-unknown',
  });
});
