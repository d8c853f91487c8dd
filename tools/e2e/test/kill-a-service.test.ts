import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { until } from '@tributary/testing';
import { Fleet } from '../src/fleet.ts';
import { Platform } from '../src/platform.ts';
import { TopicAudit } from '../src/topic-audit.ts';

const MAPPING = `
version: 1
clusters:
  main:
    brokers: ['\${env:KAFKA_BROKERS}']
    createTopics: { partitions: 4, replication: 1 }
routes:
  - name: fleet
    from: { mqtt: 'kill/{run}/{device}' }
    to:
      kafka: kill.\${run}
      topics: [kill.mqtt-ingress-0, kill.session-state, kill.topic-mapper, kill.kafka-egress, kill.control-plane, kill.nats, kill.kafka]
      key: \${device}
`;

interface Part {
  kill(): Promise<unknown>;
  start(): Promise<void>;
}

describe('while numbered messages flow from 40 devices at QoS 0, 1 and 2', () => {
  let platform: Platform;
  before(async () => {
    platform = await Platform.start({ ingress: 2, mapping: MAPPING, ownKafka: true });
  });
  after(() => platform[Symbol.asyncDispose]());

  const part = (name: string): Part => {
    if (name === 'nats') return platform.nats;
    if (name === 'kafka' && platform.kafka) return platform.kafka;
    return platform.service(name);
  };

  for (const name of [
    'mqtt-ingress-0',
    'session-state',
    'topic-mapper',
    'kafka-egress',
    'control-plane',
    'nats',
    'kafka',
  ]) {
    it(`${name} is killed and started again: nothing acknowledged is lost or reordered`, async () => {
      const kafka = new Kafka({ brokers: platform.brokers, logLevel: logLevel.NOTHING });
      const admin = kafka.admin();
      await admin.connect();
      await admin.createTopics({
        topics: [{ topic: `kill.${name}`, numPartitions: 4 }],
        waitForLeaders: true,
      });
      await admin.disconnect();
      await using audit = await TopicAudit.start(platform.brokers, `kill.${name}`);
      const urls = [platform.mqtt(0), platform.mqtt(1)];
      await using fleet = await Fleet.start(urls, 40, `kill/${name}`, 5);
      await until(() => audit.count > 200, { timeoutMs: 30_000, what: 'messages to flow' });

      const before = fleet.acknowledged;
      await part(name).kill();
      await delay(1_500);
      const during = fleet.acknowledged - before;
      await part(name).start();
      const backAt = performance.now();
      const acknowledged = fleet.acknowledged;
      await until(() => fleet.acknowledged > acknowledged + 400, {
        timeoutMs: 40_000,
        what: 'devices to go on',
      });
      await fleet.stop();
      const quiet = { timeoutMs: 60_000, what: 'all that was acknowledged to be in Kafka' };
      await until(() => audit.missing(fleet.devices) === 0, quiet);
      const recovered = Math.round(performance.now() - backAt);
      await delay(500);
      const verdict = audit.verdict(fleet.devices);
      const { reconnects } = fleet;
      console.log(
        name,
        JSON.stringify({ ...verdict, acknowledgedWhileDown: during, reconnects, recoveredMs: recovered }),
      );
      assert.equal(verdict.lost, 0);
      assert.equal(verdict.reordered, 0);
    });
  }
});
