import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { Kafka, logLevel } from 'kafkajs';
import { buckets, logReaders } from '@tributary/contracts';
import { connectNats, CursorRegistry, openBucket, type RegisteredCursor } from '@tributary/log';
import { startKafka, until, type KafkaServer } from '@tributary/testing';
import { Fleet, type DeviceLog } from '../src/fleet.ts';
import { latencyText } from '../src/latency.ts';
import { LogRecorder, type Recorded } from '../src/log-recorder.ts';
import { metricOf } from '../src/metric.ts';
import { Platform } from '../src/platform.ts';
import { TopicAudit } from '../src/topic-audit.ts';

const MIB = 1024 * 1024;
const PARTITIONS = 2;
/** The budgets are used up within seconds: the log's share of an optional cluster is two times 3.2 MiB. */
const SETTINGS = {
  'log.partitions': PARTITIONS,
  'log.maxBytes': 4 * MIB,
  'log.duplicateWindowMs': 4_000,
  'out.maxBytes': MIB,
  'deadLetters.maxBytes': 8 * MIB,
};
const OWN = {
  'mqtt-ingress': { 'log.giveUpMs': 1_900 },
  'session-state': { 'log.purgeMs': 250 },
  'kafka-egress': { 'egress.requestTimeoutMs': 3_000 },
};
const DEVICES = 20;
const PAUSE_MS = 40;
const PAYLOAD_BYTES = 1_500;

function mapping(archiveRequired: boolean): string {
  return `
version: 1
clusters:
  main: { brokers: ['\${env:KAFKA_BROKERS}'] }
  archive: { brokers: ['\${env:ARCHIVE_BROKERS}'], required: ${archiveRequired} }
routes:
  - name: main
    from: { mqtt: 'two/{run}/{device}' }
    to: { kafka: 'two.\${run}', topics: [two.optional, two.required], key: '\${device}', cluster: main }
  - name: archive
    from: { mqtt: 'two/{run}/{device}' }
    to: { kafka: 'two.\${run}', topics: [two.optional, two.required], key: '\${device}', cluster: archive }
`;
}

describe('two Kafka clusters fed from the same messages', () => {
  let platform: Platform;
  let archive: KafkaServer;
  let nats: Awaited<ReturnType<typeof connectNats>>;
  let cursors: CursorRegistry;

  before(async () => {
    archive = await startKafka();
    platform = await Platform.start({
      mapping: mapping(false),
      ownKafka: true,
      settings: SETTINGS,
      own: OWN,
      env: { ARCHIVE_BROKERS: archive.brokers.join(',') },
    });
    nats = await connectNats({ servers: [platform.nats.url], name: 'test' });
    cursors = new CursorRegistry(await openBucket(jetstream(nats), buckets.cursors, { replicas: 1 }));
    for (const brokers of [platform.brokers, archive.brokers]) {
      const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      const topics = ['two.optional', 'two.required'].map((topic) => ({ topic, numPartitions: 2 }));
      await admin.createTopics({ topics, waitForLeaders: true });
      await admin.disconnect();
    }
  });

  after(async () => {
    await nats.close();
    await platform[Symbol.asyncDispose]();
    await archive[Symbol.asyncDispose]();
  });

  const metric = (service: string, name: string, labels = ''): Promise<number> =>
    metricOf(platform.service(service), name, labels);
  const logBytes = (): Promise<number> => metric('session-state', 'tributary_session_log_bytes');
  const archiveCursor = async (partition: number): Promise<RegisteredCursor> => {
    const cursor = await cursors.read(logReaders.cluster('archive'), 1, partition);
    assert.ok(cursor);
    return cursor;
  };
  /** Nothing of the archive is on its way any more. */
  const archiveDone = (): Promise<unknown> =>
    until(
      async () =>
        (await metric('topic-mapper', 'tributary_mapper_log_lag', 'archive')) === 0 &&
        (await metric('kafka-egress', 'tributary_egress_out_lag', 'archive')) <= PARTITIONS &&
        (await metric('kafka-egress', 'tributary_egress_log_lag', 'archive')) === 0,
      { timeoutMs: 60_000, what: 'the archive has caught up' },
    );

  it('one that is not required loses exactly what is recorded, and nobody else notices', async () => {
    await until(async () => (await archiveCursor(0)).optional && (await archiveCursor(1)).optional, {
      what: 'the archive to be declared as not required',
    });
    await using recorder = await LogRecorder.start(nats, PARTITIONS, 'two/optional');
    await using main = await TopicAudit.start(platform.brokers, 'two.optional');
    await using fleet = await Fleet.start(
      [platform.mqtt()],
      DEVICES,
      'two/optional',
      PAUSE_MS,
      PAYLOAD_BYTES,
    );
    const report: Record<string, string> = {};
    const phase = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      fleet.latenciesMs = [];
      const [acknowledged, seen] = [fleet.acknowledged, main.count];
      await work();
      assert.ok(fleet.acknowledged > acknowledged + 50, `devices are acknowledged ${name}`);
      assert.ok(main.count > seen + 50, `the other cluster goes on ${name}`);
      report[name] = latencyText(fleet.latenciesMs);
    };
    await until(() => main.count > 200, { timeoutMs: 30_000, what: 'messages to flow' });
    await phase('before', () => delay(3_000));
    await archive.kill();
    const inside = async (): Promise<unknown> =>
      until(async () => (await logBytes()) > 5 * MIB, { timeoutMs: 90_000, what: 'the log to fill' });
    await phase('inside the budget', inside);
    assert.equal(await metric('session-state', 'tributary_session_log_given_up_messages_total'), 0);
    await phase('beyond the budget', async () => {
      await until(
        async () => (await metric('session-state', 'tributary_session_log_given_up_messages_total')) > 20,
        {
          timeoutMs: 60_000,
          what: 'messages to be given up',
        },
      );
      await delay(4_000);
    });
    await archive.start();
    await phase('while it catches up', () => delay(4_000));
    await fleet.stop();
    await until(() => main.missing(fleet.devices) === 0, { timeoutMs: 30_000, what: 'main has everything' });
    await archiveDone();
    await recorder.caughtUp();

    await using audit = await TopicAudit.start(archive.brokers, 'two.optional');
    const found = await partitionLosses(archiveCursor);
    const isLost = ({ partition, sequence }: Recorded): boolean =>
      found[partition]?.ranges.some(({ from, to }) => from <= sequence && sequence <= to) ?? false;
    const lost = recorder.messages.filter(isLost);
    const kept = recorder.messages.filter((message) => !isLost(message));
    await until(() => uniqueCount(audit, fleet.devices) >= kept.length, { timeoutMs: 30_000 });
    console.log({
      ...report,
      messages: recorder.messages.length,
      lost: lost.length,
      ranges: found.map(({ ranges }) => ranges.map(({ from, to }) => `${from}-${to}`).join(' ')),
      duplicatesInArchive: audit.verdict(fleet.devices).duplicated,
    });
    assert.ok(lost.length > 0, 'the outage was longer than the budget');
    const seen = new Map(fleet.devices.map(({ name }) => [name, new Set(audit.numbers(name))]));
    const inArchive = ({ device, number }: Recorded): boolean => seen.get(device)?.has(number) ?? false;
    assert.deepEqual(
      kept.filter((message) => !inArchive(message)),
      [],
      'all but the recorded ranges is there',
    );
    assert.deepEqual(lost.filter(inArchive), [], 'and nothing of the recorded ranges');
    assert.equal(audit.verdict(fleet.devices).reordered, 0);
    const verdict = main.verdict(fleet.devices);
    assert.deepEqual([verdict.lost, verdict.reordered, verdict.duplicated], [0, 0, 0]);
    const total = found.reduce((sum, { messages }) => sum + messages, 0);
    assert.equal(await metric('topic-mapper', 'tributary_mapper_lost_messages', 'archive'), total);
    assert.equal(await metric('topic-mapper', 'tributary_partition_halted'), 0);
  });

  it('one that is required holds devices back beyond the budget, and gets everything', async () => {
    const before = await metric('topic-mapper', 'tributary_mapper_lost_messages', 'archive');
    await platform.apply(mapping(true));
    await until(async () => !(await archiveCursor(0)).optional && !(await archiveCursor(1)).optional);
    await using main = await TopicAudit.start(platform.brokers, 'two.required');
    await using fleet = await Fleet.start(
      [platform.mqtt()],
      DEVICES,
      'two/required',
      PAUSE_MS,
      PAYLOAD_BYTES,
    );
    await until(() => main.count > 200, { timeoutMs: 30_000, what: 'messages to flow' });
    await archive.kill();
    const { acknowledged } = fleet;
    await until(async () => (await metric('mqtt-ingress-0', 'tributary_ingress_append_retries_total')) > 0, {
      timeoutMs: 90_000,
      what: 'the log to be full',
    });
    const inside = fleet.acknowledged - acknowledged;
    assert.ok(inside > 200, `${inside} were acknowledged inside the budget`);
    const { status } = await until(
      async () => {
        const response = await platform.service('mqtt-ingress-0').get('/readyz');
        return response.status === 503 && response;
      },
      { what: 'the node says that it takes nothing' },
    );
    const stopped = await settles(() => fleet.acknowledged);
    await archive.start();
    const backAt = performance.now();
    await until(() => fleet.acknowledged > stopped + 200, { timeoutMs: 60_000, what: 'devices to go on' });
    const resumedMs = Math.round(performance.now() - backAt);
    await fleet.stop();
    await using audit = await TopicAudit.start(archive.brokers, 'two.required');
    for (const each of [main, audit]) {
      await until(() => each.missing(fleet.devices) === 0, { timeoutMs: 60_000, what: 'all is there' });
      const { lost, reordered } = each.verdict(fleet.devices);
      assert.deepEqual({ lost, reordered }, { lost: 0, reordered: 0 });
    }
    console.log({
      acknowledgedInside: inside,
      readyz: status,
      resumedMs,
      reconnects: fleet.reconnects,
      main: main.verdict(fleet.devices),
      archive: audit.verdict(fleet.devices),
    });
    assert.equal(await metric('topic-mapper', 'tributary_mapper_lost_messages', 'archive'), before);
  });
});

async function partitionLosses(read: (partition: number) => Promise<RegisteredCursor>) {
  const cursors = await Promise.all(Array.from({ length: PARTITIONS }, (_, p) => read(p)));
  return cursors.map(({ lost, givenUp }) => {
    assert.equal(givenUp, undefined, 'all that was given up has been passed');
    const { messages, ranges } = lost ?? { messages: 0, ranges: [] };
    assert.equal(
      messages,
      ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    );
    return { messages, ranges };
  });
}

function uniqueCount(audit: TopicAudit, devices: readonly DeviceLog[]): number {
  return devices.reduce((sum, { name }) => sum + new Set(audit.numbers(name)).size, 0);
}

/** The value once it has not changed for two seconds. */
async function settles(value: () => number): Promise<number> {
  let [last, atMs] = [value(), performance.now()];
  await until(
    () => {
      if (value() !== last) [last, atMs] = [value(), performance.now()];
      return performance.now() - atMs > 2_000;
    },
    { timeoutMs: 60_000, what: 'acknowledgements to stop' },
  );
  return last;
}
