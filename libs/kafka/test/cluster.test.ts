import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName } from '@tributary/testing';
import { createProducerDriver, KafkaAdmin } from '../src/mod.ts';
import { noCluster, startCluster } from './support/cluster.ts';
import { DRIVERS } from './support/drivers.ts';
import { Ledger } from './support/ledger.ts';

// The one fault a single broker cannot show: partitions of one send part ways. Plain kafkajs loses and doubles records here.
test(
  'drivers store everything once and in order while leaders move',
  { skip: await noCluster() },
  async (t) => {
    await using cluster = await startCluster();
    const { brokers, nodes } = cluster;
    let victim = 0;
    for (const driver of DRIVERS) {
      await t.test(driver, async () => {
        const ledger = new Ledger(uniqueName('cluster'), 8);
        {
          await using admin = new KafkaAdmin({ brokers, clientId: 'test', operationTimeoutMs: 60_000 });
          await admin.createTopics([{ topic: ledger.topic, partitions: 8, replication: 3 }]);
          assert.deepEqual(await admin.durability(ledger.topic), { replication: 3, minInSyncReplicas: 2 });
        }
        await using producer = createProducerDriver({
          driver,
          brokers,
          clientId: 'test',
          requestTimeoutMs: 5_000,
        });
        await producer.connect();
        let over = false;
        const sending = (async () => {
          while (!over) {
            await producer.send(ledger.take(64));
            await sleep(1);
          }
        })();
        const harm = async () => {
          await sleep(1_000);
          const node = nodes[victim++ % 3]!;
          await node.kill();
          await sleep(6_000);
          await node.start();
          await sleep(7_000);
        };
        await Promise.race([harm(), sending]);
        over = true;
        await sending;
        const { sent, lost, duplicated, reordered } = await ledger.settle(brokers);
        assert.ok(sent > 400, `only ${sent} records were sent`);
        assert.deepEqual({ lost, duplicated, reordered }, { lost: 0, duplicated: 0, reordered: 0 });
      });
    }
  },
);
