/**
 * What faults do to a producer: `node bench/faults.ts [--faults kill,pause,cut,cluster] [--drivers kafkajs,platformatic,library,plain-kafkajs]
 * [--seconds 20]`. Starts Kafka itself. Prints, for each fault and driver, what an independent consumer finds in the topic.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort, startKafka, uniqueName, type KafkaServer } from '@tributary/testing';
import {
  createProducerDriver,
  KafkaAdmin,
  KafkaDriverError,
  type DriverOptions,
  type SendResult,
} from '../src/mod.ts';
import { startCluster } from '../test/support/cluster.ts';
import { CuttingProxy } from '../test/support/cutting-proxy.ts';
import { Ledger } from '../test/support/ledger.ts';
import { LibraryProducer } from './library-producer.ts';
import { PlainKafkajs } from './plain-kafkajs.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: 'kill,pause,cut,cluster' },
    drivers: { type: 'string', default: 'kafkajs,platformatic,library' },
    seconds: { type: 'string', default: '20' },
  },
});
const PARTITIONS = 8;
const REQUEST_TIMEOUT_MS = 2_000;
const seconds = Number(values.seconds);

interface Sender {
  connect(): Promise<void>;
  send(records: Parameters<ReturnType<typeof createProducerDriver>['send']>[0]): Promise<SendResult>;
  close(): Promise<void>;
}

function senderOf(name: string, options: DriverOptions): Sender {
  if (name === 'plain-kafkajs') return new PlainKafkajs(options);
  if (name === 'library') return new LibraryProducer(options);
  return createProducerDriver({ ...options, driver: name === 'kafkajs' ? 'kafkajs' : 'platformatic' });
}

interface Report {
  readonly sends: number;
  readonly failed: string[];
  readonly longestMs: number;
  readonly retries: number;
}

/** Sends without pause; a failed send is repeated whole by a new sender, as at-least-once means. */
async function load(name: string, ledger: Ledger, brokers: string[], over: AbortSignal): Promise<Report> {
  let retries = 0;
  const options: DriverOptions = {
    brokers,
    clientId: `faults-${name}`,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    deliveryTimeoutMs: 25_000,
    onRetry: () => retries++,
  };
  const failed: string[] = [];
  let sends = 0;
  let longestMs = 0;
  let sender: Sender | undefined;
  while (!over.aborted) {
    const records = ledger.take(64);
    const start = performance.now();
    for (;;) {
      try {
        if (sender === undefined) {
          sender = senderOf(name, options);
          await sender.connect();
        }
        await Promise.race([
          sender.send(records),
          sleep(30_000).then(() => Promise.reject(new KafkaDriverError('hangs', { code: 'hangs' }))),
        ]);
        sends++;
        break;
      } catch (error) {
        failed.push(error instanceof KafkaDriverError ? error.code : String(error));
        await sender?.close().catch(() => {});
        sender = undefined;
        await sleep(100);
      }
    }
    longestMs = Math.max(longestMs, performance.now() - start);
    await sleep(1);
  }
  await sender?.close();
  return { sends, failed, longestMs: Math.round(longestMs), retries };
}

async function measure(
  fault: string,
  name: string,
  brokers: string[],
  replication: number,
  inflict: (over: AbortSignal) => Promise<void>,
): Promise<void> {
  const ledger = new Ledger(uniqueName(`faults-${fault}-${name}`), PARTITIONS);
  {
    await using admin = new KafkaAdmin({ brokers, clientId: 'faults-admin' });
    await admin.createTopics([{ topic: ledger.topic, partitions: PARTITIONS, replication }]);
  }
  const over = new AbortController();
  const loading = load(name, ledger, brokers, over.signal);
  await sleep(500);
  const timer = setTimeout(() => over.abort(), seconds * 1_000);
  await inflict(over.signal);
  clearTimeout(timer);
  over.abort();
  const report = await loading;
  const verdict = await ledger.settle(brokers);
  console.log(JSON.stringify({ fault, driver: name, ...verdict, ...report, failed: tally(report.failed) }));
}

function tally(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

async function killing(kafka: KafkaServer, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await sleep(2_000);
    await kafka.restart('kill');
  }
  await sleep(2_000);
}

async function pausing(kafka: KafkaServer, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await sleep(1_500);
    kafka.pause();
    await sleep(REQUEST_TIMEOUT_MS * 2.25);
    kafka.resume();
  }
  await sleep(1_000);
}

async function cutting(proxy: CuttingProxy, over: AbortSignal): Promise<void> {
  proxy.cutEvery(11);
  while (!over.aborted) await sleep(100);
  proxy.cutEvery(0);
}

async function single(fault: string, drivers: readonly string[]): Promise<void> {
  await using kafka = await startKafka();
  for (const name of drivers) {
    await measure(fault, name, kafka.brokers, 1, (over) =>
      fault === 'kill' ? killing(kafka, over) : pausing(kafka, over),
    );
  }
}

async function behindProxy(drivers: readonly string[]): Promise<void> {
  const port = await freePort();
  await using proxy = await CuttingProxy.start(0, () => port);
  await using kafka = await startKafka({
    port,
    properties: { 'advertised.listeners': `CLIENTS://127.0.0.1:${proxy.port}` },
  });
  void kafka;
  for (const name of drivers) {
    await measure('cut', name, [`127.0.0.1:${proxy.port}`], 1, (over) => cutting(proxy, over));
    console.log(`  answers swallowed so far: ${proxy.cuts}`);
  }
}

async function clustered(drivers: readonly string[]): Promise<void> {
  await using cluster = await startCluster();
  const { brokers, nodes } = cluster;
  for (const name of drivers) {
    await measure('cluster', name, brokers, 3, async (over) => {
      for (let at = 0; !over.aborted; at++) {
        await sleep(2_000);
        await nodes[at % 3]!.kill();
        await sleep(6_000);
        await nodes[at % 3]!.start();
        await sleep(6_000);
      }
    });
  }
}

const drivers = values.drivers.split(',');
for (const fault of values.faults.split(',')) {
  if (fault === 'cut') await behindProxy(drivers);
  else if (fault === 'cluster') await clustered(drivers);
  else await single(fault, drivers);
}
process.exit(0);
