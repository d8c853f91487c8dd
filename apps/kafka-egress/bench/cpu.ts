import { parseArgs } from 'node:util';
import { uniqueName, until } from '@tributary/testing';
import { EgressRig } from '../test/fixture/egress-rig.ts';
import { countRecords, createTopic } from '../test/fixture/kafka-topics.ts';
import type { Fed } from '../test/fixture/out-feeder.ts';

/*
 * What one record costs kafka-egress: lets it warm up, freezes it, fills OUT of several partitions, and measures
 * its CPU time until Kafka has all. Run: node bench/cpu.ts --driver platformatic --records 400000
 */
const { values } = parseArgs({
  options: {
    driver: { type: 'string', default: 'kafkajs' },
    records: { type: 'string', default: '200000' },
    partitions: { type: 'string', default: '4' },
    prof: { type: 'string' },
  },
});
const records = Number(values.records);
const partitions = Number(values.partitions);
const PER_MESSAGE = 150;

await using rig = await EgressRig.start({ partitions });
const topic = uniqueName('bench');
await createTopic(rig.brokers, topic, 6);
const value = Buffer.alloc(256, 'x');

const feeders = await Promise.all(
  Array.from({ length: partitions }, (_, partition) => rig.feeder(partition)),
);

async function fill(count: number): Promise<number> {
  const messages = Math.ceil(count / partitions / PER_MESSAGE);
  for (const [partition, feeder] of feeders.entries()) {
    for (let message = 0; message < messages; message++) await feeder.feed(batch(partition, message));
  }
  return messages * partitions * PER_MESSAGE;
}

function batch(partition: number, message: number): Fed[] {
  return Array.from({ length: PER_MESSAGE }, (_, row): Fed => {
    const device = (message * PER_MESSAGE + row) % 1_000;
    return {
      topic,
      key: `hfp/v2/journey/ongoing/vp/bus/${partition}/${device}`,
      value,
      headers: [
        ['mqtt.topic', Buffer.from(`/hfp/v2/journey/ongoing/vp/bus/${partition}/${device}`)],
        ['mqtt.qos', Buffer.from('1')],
        ['mqtt.retain', Buffer.from('0')],
        ['mqtt.client_id', Buffer.from(`vehicle-${partition}-${device}`)],
      ],
    };
  });
}

const egress = await rig.egress(
  { 'egress.driver': values.driver, 'lease.ttlMs': 600_000 },
  values.prof ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.prof}` } : {},
);

async function figures(): Promise<{ cpu: number; sends: number }> {
  const metrics = await (await egress.get('/metrics')).text();
  const sum = (pattern: RegExp): number =>
    [...metrics.matchAll(pattern)].reduce((all, [, number]) => all + Number(number), 0);
  return {
    cpu: sum(/^process_cpu_seconds_total\{[^}]*\} ([\d.e+-]+)/gm),
    sends: sum(/^tributary_egress_sends_total\{[^}]*\} (\d+)/gm),
  };
}

async function arrived(count: number): Promise<void> {
  const options = { timeoutMs: 300_000, intervalMs: 50 };
  await until(async () => (await countRecords(rig.brokers, topic)) >= count, options);
}

/** Nanoseconds for a fixed piece of work: how fast this machine is while it is measured. */
function calibrate(): number {
  const began = process.cpuUsage();
  const bytes = Buffer.alloc(1024 * 1024, 'x');
  let sum = 0;
  for (let round = 0; round < 100; round++) for (let at = 0; at < bytes.length; at++) sum += bytes[at] ?? 0;
  const { user, system } = process.cpuUsage(began);
  return sum > 0 ? (user + system) / 1_000 : 0;
}

// Compilers first: what is measured is a service that has run for a while.
const warm = await fill(100_000);
await arrived(warm);
egress.pause();
const filled = await fill(records);
const before = calibrate();
egress.resume();
const from = await figures();
const began = performance.now();
await arrived(warm + filled);
const seconds = (performance.now() - began) / 1_000;
const to = await figures();
console.log({
  driver: values.driver,
  records: filled,
  recordsPerSecond: Math.round(filled / seconds),
  cpuMicrosPerRecord: Number((((to.cpu - from.cpu) * 1e6) / filled).toFixed(2)),
  recordsPerSend: Math.round(filled / (to.sends - from.sends)),
  calibrationMs: [Math.round(before), Math.round(calibrate())],
});
await egress.stop();
