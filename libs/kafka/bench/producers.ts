/**
 * What a producer costs: `node bench/producers.ts [--drivers kafkajs,platformatic,library] [--records 512,1024]
 * [--compression none] [--headers 3] [--parallel 8] [--partitions 8] [--seconds 8] [--value 200] [--brokers host:port]`.
 *
 * Some drivers in one process, as an egress has one for each log partition, each with one send in flight to all partitions of one topic.
 * Starts Kafka itself unless told where one is. Linux only: CPU times are read from /proc.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startKafka, uniqueName } from '@tributary/testing';
import {
  createProducerDriver,
  javaPartition,
  KafkaAdmin,
  type Compression,
  type DriverOptions,
  type ProducedRecord,
  type RecordHeader,
} from '../src/mod.ts';
import { LibraryProducer } from './library-producer.ts';

const { values } = parseArgs({
  options: {
    drivers: { type: 'string', default: 'kafkajs,platformatic,library' },
    records: { type: 'string', default: '512,1024' },
    compression: { type: 'string', default: 'none' },
    parallel: { type: 'string', default: '8' },
    partitions: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '8' },
    value: { type: 'string', default: '200' },
    headers: { type: 'string', default: '3' },
    brokers: { type: 'string' },
  },
});
const parallel = Number(values.parallel);
const partitions = Number(values.partitions);
const seconds = Number(values.seconds);
const WARM_UP_MS = 2_000;

await using kafka = values.brokers === undefined ? await startKafka() : undefined;
const brokers = kafka?.brokers ?? values.brokers!.split(',');
console.log(
  `calibration: ${calibrate()} million additions/s; ${partitions} partitions, ${parallel} drivers, ${values.value} B, ${values.headers} headers`,
);
for (const compression of values.compression.split(',') as Compression[]) {
  for (const perSend of values.records.split(',').map(Number)) {
    for (const driver of values.drivers.split(',')) await measure(driver, perSend, compression);
  }
}

async function measure(driver: string, perSend: number, compression: Compression): Promise<void> {
  const topic = uniqueName('bench');
  {
    await using admin = new KafkaAdmin({ brokers, clientId: 'bench' });
    await admin.createTopics([{ topic, partitions, replication: 1 }]);
  }
  const options: DriverOptions = { brokers, clientId: 'bench', compression };
  const senders = Array.from({ length: parallel }, () =>
    driver === 'library'
      ? new LibraryProducer(options)
      : createProducerDriver({ ...options, driver: driver === 'kafkajs' ? 'kafkajs' : 'platformatic' }),
  );
  await Promise.all(senders.map((sender) => sender.connect()));
  const batches = senders.map((_, at) => makeRecords(topic, perSend, at));
  let sent = 0;
  let over = false;
  const latencies: number[] = [];
  const loads = senders.map(async (sender, at) => {
    while (!over) {
      const start = performance.now();
      await sender.send(batches[at]!);
      latencies.push(performance.now() - start);
      sent += perSend;
    }
  });
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const before = { sent, cpu: process.cpuUsage(), broker: brokerCpuUs(), at: performance.now() };
  latencies.length = 0;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const count = sent - before.sent;
  const { user, system } = process.cpuUsage(before.cpu);
  const elapsed = (performance.now() - before.at) / 1_000;
  const broker = brokerCpuUs() - before.broker;
  over = true;
  await Promise.all(loads);
  await Promise.all(senders.map((sender) => sender.close()));
  latencies.sort((a, b) => a - b);
  const percentile = (p: number) => latencies[Math.floor(latencies.length * p)]!.toFixed(1);
  console.log(
    [
      driver.padEnd(13),
      compression.padEnd(5),
      `${perSend} records/send`.padEnd(18),
      `${Math.round(count / elapsed).toLocaleString('en')} records/s`.padStart(20),
      `client ${((user + system) / count).toFixed(2)} us/record`.padStart(24),
      `broker ${(broker / count).toFixed(2)} us/record`.padStart(24),
      `send p50 ${percentile(0.5)} p99 ${percentile(0.99)} ms`.padStart(32),
    ].join(' '),
  );
}

/** Records as a mapping makes them: a topic as key, a few headers. */
function makeRecords(topic: string, count: number, seed: number): ProducedRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const device = `site/7/device/${(seed * count + i) % 5_000}/telemetry`;
    const key = Buffer.from(device);
    const value = Buffer.alloc(Number(values.value));
    for (let at = 0; at < value.length; at++) value[at] = 32 + ((at * (i + 7)) % 64);
    return {
      topic,
      partition: javaPartition(key, partitions),
      key,
      value,
      headers: [
        ['mqtt.topic', key],
        ['mqtt.qos', Buffer.from('1')],
        ['mqtt.client_id', Buffer.from(`device-${i}`)],
        ...Array.from({ length: 5 }, (_, n): RecordHeader => [`x-header-${n}`, Buffer.from('some value')]),
      ].slice(0, Number(values.headers)) as RecordHeader[],
      timestampMs: Date.now(),
    };
  });
}

/** User and system time of the broker so far, in microseconds; 0 if it is not ours. */
function brokerCpuUs(): number {
  if (kafka === undefined) return 0;
  const fields = readFileSync(`/proc/${kafka.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  // In ticks of 10 ms: fields 14 and 15 of proc(5), counted after the name.
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** How fast the machine is just now. */
function calibrate(): number {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < 200_000_000; i++) sum = (sum + i) | 0;
  return Math.round(200_000 / (performance.now() - start) + (sum & 0));
}
