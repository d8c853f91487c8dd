import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { connectAsync } from 'mqtt';
import {
  DeadLetterServiceClient,
  type DeadLetter,
  type DiscardDeadLettersResponse,
  type ListDeadLettersResponse,
  type ReplayDeadLettersResponse,
} from '@tributary/contracts/control/dead-letters';
import { uniqueName, until } from '@tributary/testing';
import { Fleet } from '../src/fleet.ts';
import { Platform } from '../src/platform.ts';
import { TopicAudit } from '../src/topic-audit.ts';

const ALL = { cluster: 'main', filter: { route: '', code: '' }, after: 0, limit: 0 };

/** Messages are numbers, which have no field: with `key: ${payload.device}` each is a dead letter. */
function mapping(topic: string, key: string): string {
  return `
version: 1
clusters:
  main:
    brokers: ['\${env:KAFKA_BROKERS}']
    createTopics: { partitions: 2, replication: 1 }
routes:
  - name: fleet
    from: { mqtt: 'letters/{device}' }
    to: { kafka: ${topic}, key: '\${${key}}' }
  - name: steady
    from: { mqtt: 'steady/{run}/{device}' }
    to: { kafka: ${topic}.steady, key: '\${device}' }
`;
}

class Letters implements Disposable {
  readonly #client: DeadLetterServiceClient;

  constructor(address: string) {
    this.#client = new DeadLetterServiceClient(address, credentials.createInsecure());
  }

  async list(): Promise<DeadLetter[]> {
    const request = { ...ALL, limit: 1_000 };
    return (await this.#call<ListDeadLettersResponse>((done) => this.#client.listDeadLetters(request, done)))
      .letters;
  }

  replay(): Promise<ReplayDeadLettersResponse> {
    return this.#call((done) => this.#client.replayDeadLetters(ALL, done));
  }

  discard(): Promise<DiscardDeadLettersResponse> {
    return this.#call((done) => this.#client.discardDeadLetters(ALL, done));
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #call<T>(run: (done: (error: ServiceError | null, response: T) => void) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      run((error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}

describe('dead letters, from the device to Kafka', () => {
  it('are replayed exactly once while traffic flows and services die, with the mapping that can map them', async () => {
    const topic = uniqueName('letters');
    await using platform = await Platform.start({ mapping: mapping(topic, 'payload.device') });
    using letters = new Letters(platform.service('control-plane').endpoint('grpc'));
    const count = 120;
    const device = await connectAsync(platform.mqtt(), { clientId: 'letters', reconnectPeriod: 0 });
    for (let n = 0; n < count; n++) await device.publishAsync(`letters/d${n % 5}`, String(n), { qos: 1 });
    await device.endAsync();
    await until(async () => (await letters.list()).length === count, {
      timeoutMs: 30_000,
      what: 'all letters',
    });

    await using fleet = await Fleet.start([platform.mqtt()], 10, 'steady/x', 20);
    await until(() => fleet.acknowledged > 100, { timeoutMs: 30_000 });
    // Still not: each is a letter again, and none is lost.
    assert.equal((await letters.replay()).requested, count);
    const tried = async (): Promise<boolean> => {
      const found = await letters.list();
      return found.length === count && found.every(({ attempts }) => attempts === 2);
    };
    await until(tried, { timeoutMs: 60_000, what: 'all are letters again' });
    await platform.apply(mapping(topic, 'device'));
    const answers = await Promise.all([letters.replay(), letters.replay()]);
    assert.equal(
      answers.reduce((sum, { requested }) => sum + requested, 0),
      count,
    );
    await platform.service('topic-mapper').restart('kill');
    await until(async () => (await letters.list()).length === 0, {
      timeoutMs: 60_000,
      what: 'all are replayed',
    });
    await fleet.stop();
    await using audit = await TopicAudit.start(platform.brokers, topic);
    await using steady = await TopicAudit.start(platform.brokers, `${topic}.steady`);
    await until(() => audit.count >= count && steady.missing(fleet.devices) === 0, { timeoutMs: 30_000 });
    await delay(1_000);
    const devices = [...Array(5).keys()].map((d) => {
      const acknowledged = new Set([...Array(count).keys()].filter((n) => n % 5 === d));
      return { name: `d${d}`, qos: 1 as const, published: acknowledged.size, acknowledged };
    });
    const verdict = audit.verdict(devices);
    console.log(JSON.stringify({ letters: verdict, steady: steady.verdict(fleet.devices) }));
    const { inKafka, lost, duplicated } = verdict;
    assert.deepEqual({ inKafka, lost, duplicated }, { inKafka: count, lost: 0, duplicated: 0 });
    assert.equal(steady.verdict(fleet.devices).lost, 0);
  });

  it('that fill their store hold their partitions up until they are discarded', async () => {
    const topic = uniqueName('full');
    const settings = { 'deadLetters.maxBytes': 64 * 1024, 'log.partitions': 1 };
    await using platform = await Platform.start({ mapping: mapping(topic, 'payload.device'), settings });
    using letters = new Letters(platform.service('control-plane').endpoint('grpc'));
    const egress = platform.service('kafka-egress');
    const device = await connectAsync(platform.mqtt(), { clientId: 'full', reconnectPeriod: 0 });
    for (let n = 0; n < 12; n++) await device.publishAsync('letters/d', String(n).padEnd(10_000), { qos: 1 });
    await device.publishAsync('steady/x/d', '7', { qos: 1 });
    await until(async () => /dead letter store is full/.test(await (await egress.get('/readyz')).text()), {
      timeoutMs: 30_000,
    });
    const kept = (await letters.list()).length;
    await using steady = await TopicAudit.start(platform.brokers, `${topic}.steady`);
    await delay(1_000);
    assert.equal(steady.count, 0, 'what is behind them waits');
    assert.equal((await letters.discard()).discarded, kept);
    await until(() => steady.count === 1, { timeoutMs: 30_000, what: 'the rest goes on' });
    await until(async () => (await egress.get('/readyz')).status === 200, { timeoutMs: 30_000 });
    assert.equal((await letters.list()).length, 12 - kept);
    await device.endAsync();
  });
});
