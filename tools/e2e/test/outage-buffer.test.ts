import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { until } from '@tributary/testing';
import { Fleet } from '../src/fleet.ts';
import { latencyText } from '../src/latency.ts';
import { metricOf, metricValues } from '../src/metric.ts';
import { Platform } from '../src/platform.ts';
import { TopicAudit } from '../src/topic-audit.ts';

const MIB = 1024 * 1024;
/** What a site with ten messages a second sends in an hour. */
const HOUR = 36_000;
/** While the backlog grows nothing of it is in the memory of a process. */
const AWAY_GROWTH_BYTES = 32 * MIB;
/** At full speed the collector lets garbage lie: with four times the backlog it is not more, about 290 MiB. */
const BUSY_GROWTH_BYTES = 400 * MIB;
const MAPPING = `
version: 1
clusters:
  main: { brokers: ['\${env:KAFKA_BROKERS}'] }
routes:
  - name: buffer
    from: { mqtt: 'buffer/{fleet}/{device}' }
    to: { kafka: 'buffer.\${fleet}', topics: [buffer.hour, buffer.fresh], key: '\${device}' }
`;

it("Kafka away for an hour's messages: kept on disk in order, and caught up while devices notice nothing", async () => {
  await using platform = await Platform.start({
    mapping: MAPPING,
    ownKafka: true,
    // OUT alone is too small: the log bridges the outage.
    settings: { 'out.maxBytes': MIB },
  });
  const { kafka } = platform;
  assert.ok(kafka);
  const admin = new Kafka({ brokers: platform.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = ['buffer.hour', 'buffer.fresh'].map((topic) => ({ topic, numPartitions: 4 }));
  await admin.createTopics({ topics, waitForLeaders: true });
  await admin.disconnect();
  const metric = (service: string, name: string): Promise<number> =>
    metricOf(platform.service(service), name);
  const memory = async (): Promise<[mapper: number, egress: number]> => [
    await metric('topic-mapper', 'process_resident_memory_bytes'),
    await metric('kafka-egress', 'process_resident_memory_bytes'),
  ];
  const oldest = async (): Promise<number> =>
    Math.max(
      ...(await metricValues(platform.service('kafka-egress'), 'tributary_egress_oldest_record_age_seconds')),
    );
  const sent = (): Promise<number> => metric('kafka-egress', 'tributary_egress_records_total');

  await using fresh = await Fleet.start([platform.mqtt()], 20, 'buffer/fresh', 20);
  await using freshAudit = await TopicAudit.start(platform.brokers, 'buffer.fresh');
  await until(() => freshAudit.count > 500, { what: 'messages to flow' });
  const report: Record<string, unknown> = {};
  const ended = (phase: string): void => {
    report[phase] = latencyText(fresh.latenciesMs);
    fresh.latenciesMs = [];
  };
  fresh.latenciesMs = [];
  await delay(3_000);
  ended('before');

  await kafka.kill();
  const killedAt = performance.now();
  await using hour = await Fleet.start([platform.mqtt()], 60, 'buffer/hour', 0, 64);
  const growing: [number, number][] = [];
  while (hour.acknowledged < HOUR) {
    assert.ok(performance.now() - killedAt < 120_000, `${hour.acknowledged} of ${HOUR} acknowledged`);
    await delay(1_000);
    growing.push(await memory());
  }
  await hour.stop();
  ended('while Kafka is away');
  const awaySeconds = (performance.now() - killedAt) / 1_000;
  const age = await oldest();
  const depth = {
    outMessages: await metric('kafka-egress', 'tributary_egress_out_lag'),
    outBytes: await metric('kafka-egress', 'tributary_egress_out_bytes'),
    logEnvelopes: await metric('topic-mapper', 'tributary_mapper_log_lag'),
    logBytes: await metric('session-state', 'tributary_session_log_bytes'),
  };
  assert.ok(age > awaySeconds - 2 && age < awaySeconds + 6, `${age} s after ${awaySeconds} s`);
  assert.ok(depth.outBytes > 3 * MIB && depth.logEnvelopes > 100, JSON.stringify(depth));

  const acknowledged = fresh.acknowledged;
  await kafka.start();
  const backAt = performance.now();
  const before = await sent();
  const catching: [number, number][] = [];
  await until(
    async () => {
      catching.push(await memory());
      return (await oldest()) < 6 && (await metric('topic-mapper', 'tributary_mapper_log_lag')) < 50;
    },
    { timeoutMs: 120_000, intervalMs: 250, what: 'the backlog is in Kafka' },
  );
  const seconds = (performance.now() - backAt) / 1_000;
  const rates = {
    catchUpRecordsPerSecond: Math.round(((await sent()) - before) / seconds),
    livePerSecond: Math.round((fresh.acknowledged - acknowledged) / seconds),
  };
  ended('while it catches up');
  await fresh.stop();
  await using hourAudit = await TopicAudit.start(platform.brokers, 'buffer.hour');
  for (const [audit, fleet] of [
    [hourAudit, hour],
    [freshAudit, fresh],
  ] as const) {
    await until(() => audit.missing(fleet.devices) === 0, { timeoutMs: 60_000, what: 'all is in Kafka' });
    const { lost, reordered } = audit.verdict(fleet.devices);
    assert.deepEqual({ lost, reordered }, { lost: 0, reordered: 0 });
  }
  const rss = (samples: readonly [number, number][], index: 0 | 1): string =>
    `${mib(Math.min(...samples.map((s) => s[index])))} to ${mib(Math.max(...samples.map((s) => s[index])))} MiB`;
  console.log({
    ...report,
    awaySeconds,
    oldestSeconds: age,
    ...depth,

    secondsToCatchUp: seconds,
    ...rates,
    mapperRss: { away: rss(growing, 0), catchingUp: rss(catching, 0) },
    egressRss: { away: rss(growing, 1), catchingUp: rss(catching, 1) },
  });
  assert.ok(rates.catchUpRecordsPerSecond > 2 * rates.livePerSecond, 'the backlog gets shorter');
  for (const index of [0, 1] as const) {
    const most = (samples: readonly [number, number][]): number =>
      Math.max(...samples.map((sample) => sample[index]));
    const start = growing[0]?.[index] ?? 0;
    assert.ok(most(growing) < start + AWAY_GROWTH_BYTES, `${mib(start)} MiB grew to ${mib(most(growing))}`);
    assert.ok(most(catching) < start + BUSY_GROWTH_BYTES, `${mib(start)} MiB grew to ${mib(most(catching))}`);
  }
});

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
