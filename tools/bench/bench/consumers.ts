/**
 * What it costs to read a record from Kafka and check its number: `node bench/consumers.ts [--records 800000] [--payload 256]`.
 * Starts Kafka itself, fills a topic, and has each reader read it twice in a process of its own: the second time, when its code is
 * warm, is printed, in CPU microseconds per record.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { createProducerDriver, KafkaAdmin } from '@tributary/kafka';
import { findProgram, startKafka } from '@tributary/testing';
import { processUsage } from '../src/measure/process-usage.ts';
import { clientId, MARK, MARK_MAGIC } from '../src/message-mark.ts';

const { values } = parseArgs({
  options: { records: { type: 'string', default: '800000' }, payload: { type: 'string', default: '256' } },
});
const PARTITIONS = 8;
const CLIENTS = 1_000;
const PER_SEND = 8_000;
const topic = 'consumers';
const records = Number(values.records);

await using kafka = await startKafka();
await fill(kafka.brokers);
const readers = ['own', 'platformatic', 'kafkajs', ...(findProgram('kcat') === undefined ? [] : ['kcat'])];
for (const reader of readers) {
  const before = processUsage(kafka.pid)?.cpuUs ?? NaN;
  const { stdout } = await promisify(execFile)(process.execPath, [
    fileURLToPath(new URL('reader.ts', import.meta.url)),
    reader,
    kafka.brokers[0] ?? '',
    topic,
    String(PARTITIONS),
    String(records),
  ]);
  const broker = ((processUsage(kafka.pid)?.cpuUs ?? NaN) - before) / (2 * records);
  console.log(`${reader.padEnd(14)} ${stdout.trim()}  Kafka ${broker.toFixed(2)} us/record`);
}

async function fill(brokers: string[]): Promise<void> {
  await using admin = new KafkaAdmin({ brokers, clientId: 'fill' });
  await admin.createTopics([{ topic, partitions: PARTITIONS, replication: 1 }]);
  const driver = createProducerDriver({ driver: 'platformatic', brokers, clientId: 'fill' });
  await driver.connect();
  const numbers = new Uint32Array(CLIENTS);
  const headers = ['bench/d000000/0', '1', 'false', 'd000000'].map(
    (value, i) => [`mqtt.header_${i}`, Buffer.from(value)] as const,
  );
  for (let sent = 0; sent < records; sent += PER_SEND) {
    const batch = Array.from({ length: Math.min(PER_SEND, records - sent) }, (_, i) => {
      const client = (sent + i) % CLIENTS;
      const value = Buffer.alloc(Number(values.payload), 'x');
      value.writeUInt32BE(MARK_MAGIC, MARK.magic);
      value.writeUInt32BE(client, MARK.client);
      value.writeUInt32BE(++numbers[client]!, MARK.number);
      const key = Buffer.from(clientId(client));
      return { topic, partition: client % PARTITIONS, key, value, headers, timestampMs: Date.now() };
    });
    await driver.send(batch);
  }
  await driver.close();
}
