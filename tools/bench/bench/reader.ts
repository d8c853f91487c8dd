/** One of the readers that `consumers.ts` compares: reads a topic from its beginning, twice, and prints the cost of the second time. */
import { spawn } from 'node:child_process';
import { fetchV12, Connection, type RecordsBatch } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { BrokerLink } from '../src/consume/broker-link.ts';
import { fetchRecords } from '../src/consume/fetch.ts';
import { RecordScanner } from '../src/consume/record-scanner.ts';
import { SequenceLedger } from '../src/consume/sequence-ledger.ts';
import { LatencyHistogram } from '../src/measure/latency-histogram.ts';
import { monotonicUs } from '../src/measure/monotonic.ts';
import { processUsage } from '../src/measure/process-usage.ts';
import { clientOf, MARK } from '../src/message-mark.ts';

const [, , name = '', broker = '', topic = '', partitions = '', records = ''] = process.argv;
const [host = '', port = ''] = broker.split(':');
const PARTITIONS = Number(partitions);
const RECORDS = Number(records);
const ROUNDS = 2;

/** What every reader does with a record. */
class Check {
  readonly #ledger = new SequenceLedger(1_000);
  readonly #latency = new LatencyHistogram();
  readonly #nowUs = monotonicUs();
  seen = 0;

  take(
    partition: number,
    key: Uint8Array,
    keyAt: number,
    keyBytes: number,
    value: Buffer,
    valueAt: number,
  ): void {
    const client = value.readUInt32BE(valueAt + MARK.client);
    this.#latency.record(this.#nowUs - value.readDoubleBE(valueAt + MARK.timeUs));
    this.#ledger.observe(
      client,
      value.readUInt32BE(valueAt + MARK.number),
      partition,
      clientOf(key, keyAt, keyBytes),
    );
    this.seen++;
  }

  get done(): boolean {
    return this.seen >= RECORDS;
  }

  verify(): void {
    const { distinct, duplicated, reordered, misplaced } = this.#ledger.counts();
    if (distinct !== RECORDS || duplicated + reordered + misplaced > 0)
      throw new Error(`${name} read something else`);
  }
}

/** Reads everything; resolves to CPU microseconds of processes other than this one. */
type Read = (check: Check) => Promise<number>;

const readers: Record<string, Read> = {
  async own(check) {
    using link = await BrokerLink.to(host, Number(port));
    const scanner = new RecordScanner();
    const offsets = new Array<number>(PARTITIONS).fill(0);
    while (!check.done) {
      await fetchRecords(link, { topic, offsets }, (partition, bytes, start, end) => {
        offsets[partition] = scanner.scan(bytes, start, end, offsets[partition] ?? 0, (place) =>
          check.take(partition, bytes, place.keyAt, place.keyBytes, bytes, place.valueAt),
        );
      });
    }
    return 0;
  },

  async platformatic(check) {
    const connection = new Connection('reader');
    await connection.connect(host, Number(port));
    const offsets = new Array<bigint>(PARTITIONS).fill(0n);
    while (!check.done) {
      const wanted = offsets.map((fetchOffset, partition) => ({
        partition,
        fetchOffset,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
        partitionMaxBytes: 4 * 1024 * 1024,
      }));
      const answer = await fetchV12.api.async(
        connection,
        250,
        1,
        16 * 1024 * 1024,
        1,
        0,
        -1,
        [{ topicId: topic, partitions: wanted }],
        [],
        '',
      );
      for (const { partitionIndex, records: batches } of answer.responses[0]?.partitions ?? []) {
        for (const batch of batches ?? [])
          offsets[partitionIndex] = takeBatch(check, partitionIndex, batch, offsets[partitionIndex] ?? 0n);
      }
    }
    await connection.close();
    return 0;
  },

  async kafkajs(check) {
    const kafka = new kafkajs.Kafka({
      clientId: 'reader',
      brokers: [broker],
      logLevel: kafkajs.logLevel.NOTHING,
    });
    const consumer = kafka.consumer({
      groupId: `reader-${process.pid}-${Math.random()}`,
      maxBytesPerPartition: 4 * 1024 * 1024,
      maxBytes: 16 * 1024 * 1024,
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const finished = Promise.withResolvers<void>();
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { key, value } of batch.messages)
          if (key && value) check.take(batch.partition, key, 0, key.length, value, 0);
        if (check.done) finished.resolve();
      },
    });
    await finished.promise;
    await consumer.disconnect();
    return 0;
  },

  // Key, partition and value of each record in binary, read from a pipe: %R is the length of the value in four bytes.
  async kcat(check) {
    const format = '%k%p\n%R%s';
    const args = ['-C', '-q', '-u', '-b', broker, '-t', topic, '-o', 'beginning', '-f', format];
    const child = spawn('kcat', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of child.stdout) {
      rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      let at = 0;
      for (;;) {
        const line = rest.indexOf(10, at);
        if (line < 0 || line + 5 > rest.length) break;
        const value = line + 5;
        const end = value + rest.readUInt32BE(line + 1);
        if (end > rest.length) break;
        const partition = rest[line - 1]! - 48;
        check.take(partition, rest, at, line - 1 - at, rest, value);
        at = end;
      }
      rest = rest.subarray(at);
      if (check.done) break;
    }
    const cpuUs = processUsage(child.pid ?? 0)?.cpuUs ?? NaN;
    child.kill();
    return cpuUs;
  },
};

function takeBatch(check: Check, partition: number, batch: RecordsBatch, from: bigint): bigint {
  for (const { offsetDelta, key, value } of batch.records) {
    if (batch.firstOffset + BigInt(offsetDelta) < from || !key || !value) continue;
    check.take(partition, key, 0, key.length, value, 0);
  }
  return batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
}

const read = readers[name];
if (read === undefined) throw new Error(`no reader ${name}`);
for (let round = 1; round <= ROUNDS; round++) {
  const check = new Check();
  const began = performance.now();
  const cpu = process.cpuUsage();
  const others = await read(check);
  const { user, system } = process.cpuUsage(cpu);
  check.verify();
  if (round < ROUNDS) continue;
  const perRecord = (user + system + others) / RECORDS;
  const perSecond = RECORDS / ((performance.now() - began) / 1_000);
  console.log(`${perRecord.toFixed(2)} us/record, ${perSecond.toFixed(0)} records/s`);
}
process.exit();
