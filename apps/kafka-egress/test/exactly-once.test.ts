import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaApi, until, type Fate } from '@tributary/testing';
import { atFrame, ExactlyOnceRig, startProxiedKafka } from './fixture/exactly-once-rig.ts';
import { countedTest } from './fixture/read-committed.ts';

/*
 * Faults while records flow, each time counted by a kafkajs consumer that reads committed records: 0 lost, 0 doubled, 0 out
 * of order, which `settle` asserts.
 */

let server: Awaited<ReturnType<typeof startProxiedKafka>>;
let flow: ExactlyOnceRig;

before(async () => {
  server = await startProxiedKafka();
});

beforeEach(async () => {
  flow = await ExactlyOnceRig.start([server.proxy.address]);
});

afterEach(async () => {
  server.proxy.intercept = () => 'pass';
  await flow[Symbol.asyncDispose]();
});

after(async () => {
  await server[Symbol.asyncDispose]();
});

const steps = [
  ['AddPartitionsToTxn', KafkaApi.addPartitionsToTxn, 7],
  ['Produce', KafkaApi.produce, 7],
  ['EndTxn', KafkaApi.endTxn, 7],
] as const;

countedTest('killed before and after each step of a transaction', async () => {
  const egress = await flow.egress({ 'service.instance': 'same' });
  for (const [, api, nth] of steps) {
    for (const side of ['request', 'answer'] as const) {
      await atFrame(server.proxy, { api, side, nth, fate: 'cut' }, () => egress.kill());
      await egress.start();
    }
  }
  await flow.settle('killed at 6 places');
});

countedTest('any answer is lost, and any request', async () => {
  await flow.egress();
  for (const [, api, nth] of steps) {
    for (const side of ['request', 'answer'] as const) {
      await atFrame(server.proxy, { api, side, nth, fate: 'cut' });
    }
  }
  await flow.settle('cut at 6 places');
});

countedTest(
  'the answer to a commit stays lost until its producer is given up: the position tells',
  async () => {
    const egress = await flow.egress({ 'egress.deliveryTimeoutMs': 1_000 });
    for (const side of ['answer', 'request'] as const) {
      await sleep(500);
      let cuts = 0;
      server.proxy.intercept = (frame) => {
        if (frame.api !== KafkaApi.endTxn || frame.side !== side) return 'pass';
        cuts++;
        return 'cut';
      };
      await sleep(2_500);
      server.proxy.intercept = () => 'pass';
      assert.ok(cuts > 3, `${cuts} commits were cut off`);
    }
    await flow.settle('commits of unknown outcome');
    const metrics = await (await egress.get('/metrics')).text();
    assert.match(metrics, /send_retries_total\{cluster="main",code="delivery-timeout"\} \d/);
  },
);

for (const [what, api] of steps) {
  countedTest(`an owner frozen before its ${what} wakes while another one works`, async () => {
    const old = await flow.egress({ 'service.instance': 'old' });
    await sleep(1_000);
    // What it sent just now stays on its way until it is awake again.
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let frozen = 0;
    server.proxy.intercept = async (frame): Promise<Fate> => {
      if (frame.api !== api || frame.side !== 'request' || frozen++ > 1) return 'pass';
      old.pause();
      await held;
      return 'pass';
    };
    await until(() => frozen > 0);
    const next = await flow.egress({ 'service.instance': 'next' });
    const owned = async () => {
      const text = await (await next.get('/metrics')).text();
      return /tributary_leases_held\{kind="kafka-egress-main"\} 2/.test(text);
    };
    await until(owned, { what: 'the next one owns all', timeoutMs: 30_000 });
    await sleep(1_000);
    release();
    await sleep(200);
    old.resume();
    await sleep(1_000);
    await flow.settle(`two owners, the old one frozen before ${what}`);
  });
}

countedTest('Kafka is killed in mid-transaction, and hangs for longer than a request may take', async () => {
  await flow.egress({ 'egress.requestTimeoutMs': 1_000 });
  await sleep(500);
  await atFrame(server.proxy, { api: KafkaApi.endTxn, side: 'request', nth: 3, fate: 'pass' }, () =>
    server.kafka.restart('kill'),
  );
  await sleep(1_000);
  await atFrame(server.proxy, { api: KafkaApi.endTxn, side: 'request', nth: 3, fate: 'pass' }, () => {
    server.kafka.pause();
    setTimeout(() => server.kafka.resume(), 2_500);
  });
  await sleep(3_500);
  await flow.settle('Kafka killed and frozen');
});
