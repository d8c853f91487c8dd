import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { streamNames } from '@tributary/contracts';
import { connectNats } from '@tributary/log';
import { startKafka, until, type KafkaServer } from '@tributary/testing';
import { KafkaProbe } from '../src/kafka-probe.ts';
import { Platform } from '../src/platform.ts';

const ROUTES = {
  record: "{ name: record, from: { mqtt: 'ack/{case}' }, ack: kafka, to: { kafka: acks } }",
  nothing: "{ name: nothing, from: { mqtt: 'none/#' }, when: qos > 5, ack: kafka, to: { kafka: acks } }",
  letter: "{ name: letter, from: { mqtt: 'letter' }, ack: kafka, to: { kafka: acks, key: '${payload.id}' } }",
  archive: "{ name: archive, from: { mqtt: 'both' }, ack: kafka, to: { kafka: acks, cluster: archive } }",
  log: "{ name: log, from: { mqtt: 'log/#' }, to: { kafka: other } }",
};

function mapping(routes: (keyof typeof ROUTES)[], archive = ''): string {
  const clusters = [
    `main: { brokers: ['\${env:KAFKA_BROKERS}'], createTopics: { partitions: 1, replication: 1 } }`,
  ];
  if (archive)
    clusters.push(`archive: { brokers: ['${archive}'], createTopics: { partitions: 1, replication: 1 } }`);
  return [
    'version: 1',
    'clusters:',
    ...clusters.map((cluster) => `  ${cluster}`),
    'defaults: { cluster: main }',
    'routes:',
    ...routes.map((route) => `  - ${ROUTES[route]}`),
    '',
  ].join('\n');
}

const ALL: (keyof typeof ROUTES)[] = ['record', 'nothing', 'letter', 'log'];
const TIMEOUT_MS = 6_000;

/** What became of a publish. */
interface Fate {
  acknowledged: boolean;
  failed: string | null;
}

function publish(client: MqttClient, topic: string, payload: string, qos: 1 | 2 = 1): Fate {
  const fate: Fate = { acknowledged: false, failed: null };
  client.publish(topic, payload, { qos }, (error) => {
    if (error) fate.failed = error.message;
    else fate.acknowledged = true;
  });
  return fate;
}

describe('ack: kafka, with a real Kafka', () => {
  let platform: Platform;
  let kafka: KafkaServer;
  let probe: KafkaProbe;
  const clients: MqttClient[] = [];

  before(async () => {
    platform = await Platform.start({
      ingress: 2,
      mapping: mapping(ALL),
      ownKafka: true,
      settings: { 'mqtt-ingress': { 'ack.kafkaTimeoutMs': TIMEOUT_MS } },
    });
    assert.ok(platform.kafka);
    kafka = platform.kafka;
    probe = await KafkaProbe.start(platform.brokers, 'acks');
  });
  after(async () => {
    kafka.resume();
    await probe[Symbol.asyncDispose]();
    await platform[Symbol.asyncDispose]();
  });

  const connect = async (node: number, options: IClientOptions = {}): Promise<MqttClient> => {
    const client = await connectAsync(platform.mqtt(node), {
      protocolVersion: 5,
      reconnectPeriod: 0,
      keepalive: 60,
      ...options,
    });
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  const together = <T>(work: Promise<T>): Promise<T> =>
    work.finally(() => Promise.all(clients.splice(0).map((client) => client.endAsync(true))));

  it('a PUBACK or PUBREC says that a consumer can read the record, on whatever node', () =>
    together(
      (async () => {
        for (const [n, qos] of ([1, 2, 1, 2] as const).entries()) {
          const client = await connect(n % 2, { protocolVersion: n < 2 ? 4 : 5 });
          await client.publishAsync('ack/a', `plain-${n}`, { qos });
          const seenAt = performance.now();
          await until(() => probe.values.includes(`plain-${n}`), { intervalMs: 1 });
          assert.ok(performance.now() - seenAt < 1_000);
        }
      })(),
    ));

  it('no PUBACK while Kafka is stopped, and nobody on other topics notices; then PUBACK and record', () =>
    together(
      (async () => {
        const devices = [await connect(0), await connect(1, { protocolVersion: 4 })];
        const other = await connect(0);
        await devices[0]?.publishAsync('ack/a', 'before', { qos: 1 });
        kafka.pause();
        const fates = devices.map((device, n) => publish(device, 'ack/a', `stopped-${n}`, n === 0 ? 1 : 2));
        const latencies: number[] = [];
        for (let n = 0; n < 40; n++) {
          const beganAt = performance.now();
          await other.publishAsync('log/a', 'x', { qos: 1 });
          latencies.push(performance.now() - beganAt);
          await delay(25);
        }
        assert.deepEqual(
          fates,
          [0, 1].map(() => ({ acknowledged: false, failed: null })),
        );
        kafka.resume();
        await until(() => fates.every(({ acknowledged }) => acknowledged), { timeoutMs: 20_000 });
        await until(() => ['stopped-0', 'stopped-1'].every((value) => probe.values.includes(value)));
        latencies.sort((a, b) => a - b);
        console.log(`other topics while Kafka was stopped: median ${latencies[20]?.toFixed(1)} ms`);
        assert.ok((latencies[20] ?? Infinity) < 250);
      })(),
    ));

  it('a message that gives no record, or a dead letter, is acknowledged promptly', () =>
    together(
      (async () => {
        const client = await connect(0);
        await client.publishAsync('none/a', 'x', { qos: 1 });
        const beganAt = performance.now();
        for (let n = 0; n < 5; n++) await client.publishAsync('none/a', 'x', { qos: 1 });
        const each = (performance.now() - beganAt) / 5;
        console.log(`no record: ${each.toFixed(1)} ms each`);
        assert.ok(each < 700, 'not at the pace of progress messages');
        await client.publishAsync('letter', 'not JSON', { qos: 2 });
        const nats = await connectNats({ servers: [platform.nats.url], name: 'test' });
        const manager = await jetstreamManager(nats);
        const { state } = await manager.streams.info(streamNames.deadLetters('main'));
        await nats.close();
        assert.equal(state.messages, 1, 'the dead letter is stored when the device hears of it');
      })(),
    ));

  it('past its time MQTT 5 is told 0x97 and MQTT 3.1.1 is closed; the record comes all the same', () =>
    together(
      (async () => {
        const five = await connect(0);
        const three = await connect(1, { protocolVersion: 4 });
        let closed = false;
        three.on('close', () => (closed = true));
        kafka.pause();
        const fates = [publish(five, 'ack/a', 'late-5'), publish(three, 'ack/a', 'late-3')];
        await until(() => fates[0]?.failed !== null && closed, { timeoutMs: TIMEOUT_MS * 2 });
        kafka.resume();
        assert.match(fates[0]?.failed ?? '', /quota exceeded/i);
        assert.equal(fates[1]?.acknowledged, false);
        assert.equal(five.connected, true);
        await until(() => ['late-5', 'late-3'].every((value) => probe.values.includes(value)), {
          timeoutMs: 20_000,
        });
      })(),
    ));

  it('kafka-egress killed and started again meanwhile: the PUBACK comes when it is back', () =>
    together(
      (async () => {
        const client = await connect(0);
        await platform.service('kafka-egress').kill();
        const fate = publish(client, 'ack/a', 'egress');
        await delay(500);
        assert.deepEqual(fate, { acknowledged: false, failed: null });
        await platform.service('kafka-egress').start();
        await until(() => fate.acknowledged, { timeoutMs: 20_000 });
        await until(() => probe.values.includes('egress'));
      })(),
    ));

  it('an ingress node killed meanwhile: the device sends again, and is acknowledged when Kafka has it', () =>
    together(
      (async () => {
        const client = await connect(0, { reconnectPeriod: 200, clientId: 'resends' });
        await client.publishAsync('ack/a', 'before', { qos: 1 });
        kafka.pause();
        const fate = publish(client, 'ack/a', 'resent');
        await delay(300);
        const node = platform.service('mqtt-ingress-0');
        await node.kill();
        await node.start();
        await until(() => client.connected, { timeoutMs: 20_000 });
        await delay(500);
        assert.equal(fate.acknowledged, false);
        kafka.resume();
        await until(() => fate.acknowledged, { timeoutMs: 20_000 });
        await until(() => probe.values.includes('resent'));
      })(),
    ));

  it('a route that goes while its messages wait lets them go; so does one that becomes ack: log', () =>
    together(
      (async () => {
        const client = await connect(0);
        kafka.pause();
        const fate = publish(client, 'ack/a', 'route-gone');
        await delay(300);
        assert.equal(fate.acknowledged, false);
        const { applied } = await platform.apply(mapping(['nothing', 'letter', 'log']));
        assert.equal(applied, true);
        await until(() => fate.acknowledged, { timeoutMs: 3_000 });
        kafka.resume();
        assert.equal((await platform.apply(mapping(ALL))).applied, true);
      })(),
    ));

  it('a new route holds for every PUBLISH after it was applied, on every node', () =>
    together(
      (async () => {
        assert.equal((await platform.apply(mapping(['log']))).applied, true);
        const devices = [await connect(0), await connect(1)];
        for (let round = 0; round < 3; round++) {
          kafka.pause();
          assert.equal((await platform.apply(mapping(ALL))).applied, true);
          const fates = devices.map((device) => publish(device, 'ack/a', `new-route-${round}`));
          await delay(300);
          assert.ok(fates.every(({ acknowledged }) => !acknowledged));
          kafka.resume();
          await until(() => fates.every(({ acknowledged }) => acknowledged), { timeoutMs: 20_000 });
          assert.equal((await platform.apply(mapping(['log']))).applied, true);
        }
        assert.equal((await platform.apply(mapping(ALL))).applied, true);
      })(),
    ));

  it('a node that is stopped holds up a new route until its lease has ended, and then breaks nothing', () =>
    together(
      (async () => {
        assert.equal((await platform.apply(mapping(['log']))).applied, true);
        const device = await connect(1, { clientId: 'of-the-stopped-node' });
        const node = platform.service('mqtt-ingress-1');
        node.pause();
        const beganAt = performance.now();
        const applying = platform.apply(mapping(ALL));
        const { applied } = await applying;
        const tookMs = performance.now() - beganAt;
        assert.equal(applied, true);
        assert.ok(tookMs > 3_000, `applied after ${Math.round(tookMs)} ms`);
        kafka.pause();
        const fate = publish(device, 'ack/a', 'woken');
        node.resume();
        await delay(1_000);
        assert.equal(fate.acknowledged, false);
        kafka.resume();
        await until(() => node.get('/readyz').then(({ ok }) => ok), { timeoutMs: 20_000 });
      })(),
    ));

  it('a cluster that goes while it is away lets go of what waits for it; the other one goes on', async () => {
    await using archive = await startKafka({ heap: { startMb: 128, maxMb: 256 } });
    await together(
      (async () => {
        const brokers = archive.brokers.join(',');
        assert.equal((await platform.apply(mapping([...ALL, 'archive'], brokers))).applied, true);
        const client = await connect(0);
        const other = await connect(0);
        await client.publishAsync('both', 'there', { qos: 1 });
        archive.pause();
        const fate = publish(client, 'both', 'away');
        await other.publishAsync('ack/a', 'main goes on', { qos: 1 });
        assert.equal(fate.acknowledged, false);
        assert.equal((await platform.apply(mapping(ALL))).applied, true);
        await until(() => fate.acknowledged, { timeoutMs: 5_000 });
        archive.resume();
      })(),
    );
  });
});
