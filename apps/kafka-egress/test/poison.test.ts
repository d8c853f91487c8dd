import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { OutKind } from '@tributary/contracts';
import { uniqueName, until } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { countRecords, createTopic, readTopic } from './fixture/kafka-topics.ts';
import type { Fed } from './fixture/out-feeder.ts';
import { judge } from './fixture/verdict.ts';

let rig: EgressRig;

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

for (const driver of ['kafkajs', 'platformatic']) {
  test(`${driver}: records that Kafka refuses become dead letters, the rest arrives in order`, async () => {
    rig = await EgressRig.start();
    const topic = uniqueName('poison');
    const other = uniqueName('healthy');
    await createTopic(rig.brokers, topic, 2, { 'max.message.bytes': '20000' });
    await createTopic(rig.brokers, other, 2);
    const feeder = await rig.feeder();
    const sent = new Map<string, number[]>();
    const hour = 3_600_000;
    let poison = 0;
    for (let message = 0; message < 20; message++) {
      const rows: Fed[] = [];
      for (let row = 0; row < 50; row++) {
        const number = message * 50 + row;
        const key = `key-${number % 7}`;
        const target = number % 3 === 0 ? other : topic;
        const id = `${target === other ? 'other-' : ''}${key}`;
        const tooLarge = target === topic && number % 199 === 100;
        const fromTheFuture = target === topic && number % 311 === 200;
        if (tooLarge || fromTheFuture) poison++;
        else sent.set(id, [...(sent.get(id) ?? []), number]);
        rows.push({
          topic: target,
          key: id,
          value: `${number} ${'x'.repeat(tooLarge ? 30_000 : 100)}`,
          ...(fromTheFuture ? { timestampMs: Date.now() + 48 * hour } : {}),
        });
      }
      await feeder.feed(rows);
    }
    const expected = [...sent.values()].reduce((sum, { length }) => sum + length, 0);
    await using egress = await rig.egress({ 'egress.driver': driver });
    await until(async () => (await rig.outState()).first_seq === 20, {
      what: 'all is committed',
      timeoutMs: 30_000,
    });

    const consumed = [...(await readTopic(rig.brokers, topic)), ...(await readTopic(rig.brokers, other))];
    const verdict = judge(sent, consumed);
    const letters = await rig.deadLetters();
    console.log({ driver, ...verdict, poison, deadLetters: letters.length });
    assert.equal(verdict.sent, expected);
    assert.deepEqual({ lost: verdict.lost, reordered: verdict.reordered }, { lost: 0, reordered: 0 });
    assert.equal(letters.length, poison);
    const codes = new Set(letters.map(({ code }) => code));
    assert.deepEqual([...codes].sort(), ['invalid-timestamp', 'message-too-large']);
    for (const { row, incarnation } of letters) {
      assert.equal(row.kind, OutKind.record);
      assert.equal(row.topic, topic);
      assert.equal(incarnation, feeder.incarnation);
    }
    const metrics = await (await egress.get('/metrics')).text();
    assert.match(metrics, /tributary_egress_dead_letters_total\{cluster="main",code="message-too-large"\}/);
  });
}

test("the mapper's dead letters are stored once, and a full store holds the partition up", async () => {
  rig = await EgressRig.start();
  const topic = uniqueName('letters');
  await createTopic(rig.brokers, topic, 1);
  const feeder = await rig.feeder();
  const letter = (size: number): Fed => ({
    topic: '',
    key: null,
    value: 'x'.repeat(size),
    deadLetter: { code: 'template-failed', message: 'no such field' },
  });
  await feeder.feed([letter(1_000), { topic, key: 'a', value: '0' }, letter(1_000)]);
  for (let i = 0; i < 4; i++) await feeder.feed([letter(30_000)]);
  await feeder.feed([{ topic, key: 'a', value: '1' }]);
  const egress = await rig.egress({ 'deadLetters.maxBytes': 100_000 }, {}, 'endpoints');
  await until(async () => (await egress.get('/readyz')).status === 503, {
    what: 'the full store is told of',
  });
  const told = await (await egress.get('/readyz')).text();
  assert.match(told, /dead letter store is full.*raise deadLetters\.maxBytes/);
  // What came before it may still be on its way; what comes behind it waits.
  await until(async () => (await countRecords(rig.brokers, topic)) > 0, { timeoutMs: 30_000 });
  assert.equal((await readTopic(rig.brokers, topic)).length, 1);

  // Somebody discards letters: the partition goes on by itself.
  await rig.platform.manager.streams.purge('TRIB_DEAD_main', { keep: 1 });
  await until(async () => (await countRecords(rig.brokers, topic)) === 2, { timeoutMs: 30_000 });
  await until(async () => (await egress.get('/readyz')).status === 200, { what: 'ready again' });
});
