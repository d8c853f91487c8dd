import assert from 'node:assert/strict';
import { after, before, beforeEach, test as plainTest } from 'node:test';
import {
  committedRecords,
  freePort,
  KafkaApi,
  KafkaProxy,
  skipWithout,
  startKafka,
  uniqueName,
  type KafkaServer,
} from '@tributary/testing';
import {
  createProducerDriver,
  KafkaAdmin,
  KafkaDriverError,
  type DriverOptions,
  type ProducedRecord,
  type ProducerDriver,
} from '../../src/mod.ts';
import { failure } from '../support/failure.ts';

/*
 * Counted by kcat, which reads committed records only. Every send is one transaction over four partitions.
 */

const test = (name: string, run: () => unknown): void =>
  void plainTest(name, { skip: skipWithout('kcat') }, async () => void (await run()));

const PARTITIONS = 4;
const FENCED = new Set(['producer-fenced', 'invalid-producer-epoch', 'invalid-txn-state']);

let kafka: KafkaServer;
let proxy: KafkaProxy;
let topic: string;
let id: string;

before(async () => {
  const port = await freePort();
  proxy = await KafkaProxy.start(port);
  const properties = {
    'advertised.listeners': `CLIENTS://${proxy.address}`,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
  };
  kafka = await startKafka({ port, properties });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await kafka[Symbol.asyncDispose]();
});

beforeEach(async () => {
  proxy.intercept = () => 'pass';
  id = uniqueName('writer');
  topic = await newTopic();
});

async function newTopic(settings: Record<string, string> = {}): Promise<string> {
  const name = uniqueName('transaction');
  await using admin = new KafkaAdmin({ brokers: [proxy.address], clientId: 'test' });
  await admin.createTopics([{ topic: name, partitions: PARTITIONS, replication: 1, settings }]);
  return name;
}

async function connect(options: Partial<DriverOptions> = {}): Promise<ProducerDriver> {
  const driver = createProducerDriver({
    driver: 'platformatic',
    brokers: [proxy.address],
    clientId: 'test',
    transaction: { id },
    ...options,
  });
  await driver.connect();
  return driver;
}

function records(name: string, count = 8, of = topic): ProducedRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: of,
    partition: i % PARTITIONS,
    key: null,
    value: Buffer.from(`${name}-${i}`),
    headers: [],
    timestampMs: Date.now(),
  }));
}

/** How many records of each transaction a consumer sees. */
async function seen(of = topic): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { payload } of await committedRecords([proxy.address], of)) {
    const name = payload?.split('-')[0] ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Runs `then` when the nth such frame comes by, before it goes on. */
function at(api: number, side: 'request' | 'answer', fate: 'pass' | 'cut', then: () => unknown = () => {}) {
  let met = 0;
  proxy.intercept = async (frame) => {
    if (frame.api !== api || frame.side !== side || met++ > 0) return 'pass';
    await then();
    return fate;
  };
  return () => met;
}

test('many transactions of one driver are seen whole, in order', async () => {
  await using driver = await connect();
  for (let i = 0; i < 50; i++) await driver.send(records(`t${i}`));
  const read = await committedRecords([proxy.address], topic);
  assert.equal(read.length, 400);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const numbers = read
      .filter((each) => each.partition === partition)
      .map(({ payload }) => Number(payload?.slice(1).split('-')[0]));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  }
});

test('a send larger than a request and than a batch is one transaction', async () => {
  await using driver = await connect({ maxBatchBytes: 2_000, maxRequestBytes: 5_000 });
  const { ranges } = await driver.send(records('large', 400));
  assert.ok(ranges.length > PARTITIONS);
  assert.deepEqual(await seen(), { large: 400 });
});

test('a record that is refused is named, and nothing of its transaction is seen', async () => {
  const narrow = await newTopic({ 'max.message.bytes': '5000' });
  for (const [what, fault] of [
    ['message-too-large', { value: Buffer.alloc(20_000) }],
    ['invalid-timestamp', { timestampMs: Date.now() + 48 * 3_600_000 }],
  ] as const) {
    await using driver = await connect();
    const batch = records('poisoned', 40, narrow);
    batch[17] = { ...batch[17]!, ...fault };
    const error = await failure(driver.send(batch));
    assert.deepEqual([error.code, error.recordFault, error.recordIndex], [what, true, 17]);
    assert.deepEqual(error.stored, []);
    assert.equal(driver.usable, false);
  }
  // Aborted at once: whoever reads is not held up until somebody connects.
  assert.deepEqual(await seen(narrow), {});
});

test('an unknown topic is named, and nothing is seen of the others', async () => {
  await using driver = await connect();
  const unknown = uniqueName('unknown');
  const error = await failure(driver.send([...records('beside'), ...records('unknown', 1, unknown)]));
  assert.deepEqual(
    [error.code, error.topicFault, error.topic],
    ['unknown-topic-or-partition', true, unknown],
  );
  assert.deepEqual(await seen(), {});
});

for (const [what, api] of [
  ['AddPartitionsToTxn', KafkaApi.addPartitionsToTxn],
  ['Produce', KafkaApi.produce],
  ['EndTxn', KafkaApi.endTxn],
] as const) {
  for (const side of ['request', 'answer'] as const) {
    test(`a lost ${side} of ${what} is asked for again: every transaction is seen once`, async () => {
      await using driver = await connect();
      await driver.send(records('before'));
      const met = at(api, side, 'cut');
      await driver.send(records('during'));
      assert.ok(met() > 1, 'it was sent again');
      await driver.send(records('after'));
      assert.deepEqual(await seen(), { before: 8, during: 8, after: 8 });
    });
  }

  test(`who connects while a transaction stands before ${what} fences its owner, and nothing of it is seen`, async () => {
    await using old = await connect();
    await old.send(records('before'));
    let next: ProducerDriver | undefined;
    at(api, 'request', 'pass', async () => {
      next = await connect();
      await next.send(records('next'));
    });
    const error = await failure(old.send(records('fenced')));
    assert.ok(FENCED.has(error.code), error.code);
    await using connected = next;
    await connected?.send(records('after'));
    assert.deepEqual(await seen(), { before: 8, next: 8, after: 8 });
  });
}

test('who connects once the commit is decided finds it done', async () => {
  await using old = await connect();
  at(KafkaApi.endTxn, 'answer', 'pass', async () => {
    await using next = await connect();
    assert.deepEqual(await seen(), { decided: 8 });
    await next.send(records('next'));
  });
  await old.send(records('decided'));
  const error = await failure(old.send(records('fenced')));
  assert.ok(FENCED.has(error.code), error.code);
  assert.deepEqual(await seen(), { decided: 8, next: 8 });
});

test('a transaction that takes too long is aborted by Kafka, and its driver learns of it', async () => {
  await using driver = await connect({ transaction: { id, timeoutMs: 1_000 } });
  // Reading comes to its end when the transaction has.
  const slow = at(KafkaApi.endTxn, 'request', 'pass', () => seen());
  const error = await failure(driver.send(records('slow')));
  assert.equal(slow(), 1);
  assert.ok(FENCED.has(error.code), error.code);
  assert.deepEqual(await seen(), {});
});

for (const how of ['kill', 'pause'] as const) {
  test(`a broker that is ${how === 'kill' ? 'killed' : 'frozen past the request timeout'} in mid-transaction loses nothing and doubles nothing`, async () => {
    await using driver = await connect({ requestTimeoutMs: 700 });
    await driver.send(records('before'));
    at(KafkaApi.endTxn, 'request', 'pass', async () => {
      if (how === 'kill') await kafka.restart('kill');
      else {
        kafka.pause();
        setTimeout(() => kafka.resume(), 1_600);
      }
    });
    await driver.send(records('during'));
    await driver.send(records('after'));
    assert.deepEqual(await seen(), { before: 8, during: 8, after: 8 });
  });
}

test('kafkajs is refused in plain words', () => {
  const options = { brokers: [proxy.address], clientId: 'test', transaction: { id } };
  assert.throws(
    () => createProducerDriver({ ...options, driver: 'kafkajs' }),
    (error: unknown) => error instanceof KafkaDriverError && error.code === 'unsupported',
  );
});
