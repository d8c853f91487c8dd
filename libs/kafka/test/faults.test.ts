import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startKafka, uniqueName, type KafkaServer } from '@tributary/testing';
import { createProducerDriver, KafkaAdmin, type DriverOptions, type ProducerDriver } from '../src/mod.ts';
import { CuttingProxy } from './support/cutting-proxy.ts';
import { DRIVERS } from './support/drivers.ts';
import { failure } from './support/failure.ts';
import { Ledger } from './support/ledger.ts';

const EVERYTHING_ONCE = { lost: 0, duplicated: 0, reordered: 0 };

let proxy: CuttingProxy;
let kafka: KafkaServer;
let brokers: string[];

// One broker of its own for the whole file, reached through the proxy only.
before(async () => {
  const port = await freePort();
  proxy = await CuttingProxy.start(0, () => port);
  brokers = [`127.0.0.1:${proxy.port}`];
  kafka = await startKafka({ port, properties: { 'advertised.listeners': `CLIENTS://${brokers[0]}` } });
});
after(async () => {
  await proxy[Symbol.asyncDispose]();
  await kafka[Symbol.asyncDispose]();
});

async function newLedger(): Promise<Ledger> {
  const ledger = new Ledger(uniqueName('faults'), 4);
  await using admin = new KafkaAdmin({ brokers, clientId: 'test' });
  await admin.createTopics([{ topic: ledger.topic, partitions: 4, replication: 1 }]);
  return ledger;
}

for (const driver of DRIVERS) {
  const connect = async (options: Partial<DriverOptions> = {}): Promise<ProducerDriver> => {
    const producer = createProducerDriver({ driver, brokers, clientId: `test-${driver}`, ...options });
    await producer.connect();
    return producer;
  };

  /** Sends without pause with one driver while something happens, and settles. */
  const sendDuring = async (happening: () => Promise<void>, options: Partial<DriverOptions> = {}) => {
    const ledger = await newLedger();
    await using producer = await connect(options);
    let over = false;
    const sending = (async () => {
      while (!over) {
        await producer.send(ledger.take(40));
        await sleep(1);
      }
    })();
    await Promise.race([happening(), sending]);
    over = true;
    await sending;
    const { sent, lost, duplicated, reordered } = await ledger.settle(brokers);
    assert.ok(sent > 400, `only ${sent} records were sent`);
    return { lost, duplicated, reordered };
  };

  describe(`one ${driver} driver stores everything once and in order`, () => {
    test('while answers are lost on their way', async () => {
      const before = proxy.cuts;
      const verdict = await sendDuring(async () => {
        await sleep(300);
        proxy.cutEvery(7);
        await sleep(4_000);
        proxy.cutEvery(0);
      });
      assert.ok(proxy.cuts - before > 10, `only ${proxy.cuts - before} answers were swallowed`);
      assert.deepEqual(verdict, EVERYTHING_ONCE);
    });

    test('while the broker stands still for longer than a request may take', async () => {
      const retries: number[] = [];
      const verdict = await sendDuring(
        async () => {
          for (let i = 0; i < 2; i++) {
            await sleep(500);
            kafka.pause();
            await sleep(1_600);
            kafka.resume();
          }
          await sleep(500);
        },
        { requestTimeoutMs: 700, onRetry: ({ attempt }) => retries.push(attempt) },
      );
      assert.deepEqual(verdict, EVERYTHING_ONCE);
      if (driver === 'platformatic') assert.ok(retries.length > 0);
    });

    test('while the broker is killed and comes back', async () => {
      const verdict = await sendDuring(async () => {
        await sleep(800);
        await kafka.restart('kill');
        await sleep(800);
      });
      assert.deepEqual(verdict, EVERYTHING_ONCE);
    });
  });

  test(`closing a ${driver} driver ends the send that hangs, and leaves nothing running`, async () => {
    const ledger = await newLedger();
    const producer = await connect();
    await producer.send(ledger.take(40));
    kafka.pause();
    try {
      const hanging = failure(producer.send(ledger.take(40)));
      await sleep(200);
      const started = performance.now();
      await producer.close();
      assert.equal((await hanging).code, 'driver-closed');
      assert.ok(performance.now() - started < 500);
    } finally {
      // The tests that follow need it.
      kafka.resume();
    }
    const connections = proxy.connections;
    await sleep(1_500);
    assert.equal(proxy.connections, connections, 'it connects no more');
  });

  test(`a ${driver} driver that could not deliver in time writes nothing any more`, async () => {
    const ledger = await newLedger();
    await using producer = await connect({ requestTimeoutMs: 500, deliveryTimeoutMs: 1_500 });
    await producer.send(ledger.take(40));
    await kafka.kill();
    const error = await failure(producer.send(ledger.take(40)));
    assert.deepEqual([error.code, error.retryable], ['delivery-timeout', true]);
    assert.equal(producer.usable, false);
    const connections = proxy.connections;
    await kafka.start();
    await sleep(1_500);
    assert.equal(proxy.connections, connections, 'it connects no more');
    assert.equal((await ledger.settle(brokers)).stored, 40);
  });

  test(`a ${driver} driver notices that a topic goes while it sends`, async () => {
    const ledger = await newLedger();
    await using producer = await connect();
    await producer.send(ledger.take(40));
    await ledger.deleteTopic(brokers);
    const error = await failure(producer.send(ledger.take(40)));
    assert.deepEqual([error.code, error.topicFault], ['unknown-topic-or-partition', true]);
    assert.equal(error.topic, ledger.topic);
  });
}
