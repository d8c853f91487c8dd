import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import kafkajs from 'kafkajs';
import { startKafkaCluster, type KafkaCluster } from '../../src/kafka/kafka-cluster.ts';
import { uniqueName } from '../../src/wait/unique-name.ts';

describe('three Kafka brokers', { timeout: 180_000 }, () => {
  let cluster: KafkaCluster;
  before(async () => {
    cluster = await startKafkaCluster();
  });
  after(() => cluster[Symbol.asyncDispose]());

  it('keep a topic three times, and another one leads a partition when its leader is killed', async () => {
    const client = new kafkajs.Kafka({ brokers: cluster.brokers, logLevel: kafkajs.logLevel.NOTHING });
    const topic = uniqueName('orders');
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic }] });
    await cluster.settled();
    const [partition] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions ?? [];
    assert.equal(partition?.isr.length, 3);
    const { configEntries } = (
      await admin.describeConfigs({
        includeSynonyms: false,
        resources: [
          { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['min.insync.replicas'] },
        ],
      })
    ).resources[0] ?? { configEntries: [] };
    assert.equal(configEntries[0]?.configValue, '2');

    const leader = await cluster.leaderOf(topic, 0);
    await leader.kill();
    const successor = await cluster.leaderOf(topic, 0);
    assert.notDeepEqual(successor.brokers, leader.brokers);
    const survivors = cluster.servers.filter((server) => server !== leader);
    const producer = new kafkajs.Kafka({
      brokers: survivors.flatMap(({ brokers }) => brokers),
      logLevel: kafkajs.logLevel.NOTHING,
    }).producer();
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: [{ value: 'without it' }] });
    await producer.disconnect();
    await leader.start();
    await cluster.settled();
    await admin.disconnect();
  });
});
