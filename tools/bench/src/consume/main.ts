import { setTimeout as delay } from 'node:timers/promises';
import { LatencyHistogram } from '../measure/latency-histogram.ts';
import { monotonicUs } from '../measure/monotonic.ts';
import { clientOf, MARK, MARK_BYTES, MARK_MAGIC } from '../message-mark.ts';
import { planOf, serve } from '../worker/serve.ts';
import { BrokerLink } from './broker-link.ts';
import type { ConsumeContract, ConsumeMark, ConsumePlan, ConsumeResult } from './consume-contract.ts';
import { endOffsets, fetchRecords, type FetchSource } from './fetch.ts';
import { RecordScanner } from './record-scanner.ts';
import { SequenceLedger } from './sequence-ledger.ts';

/** The consumer, a process of its own and none of the system's code: it sees every record that Kafka hands out as committed. */

const LOOK_MS = 50;

const plan = planOf<ConsumePlan>();
const ledger = new SequenceLedger(plan.clients);
const scanner = new RecordScanner();
let latency = new LatencyHistogram();
let records = 0;
let foreign = 0;
let fetches = 0;
let bytesSeen = 0;
let failure: Error | undefined;

async function start(): Promise<undefined> {
  const link = await BrokerLink.to(plan.host, plan.port);
  const offsets = await endOffsets(link, plan.topic, plan.partitions);
  void consume(link, { topic: plan.topic, offsets }).catch((error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
}

async function consume(link: BrokerLink, source: FetchSource): Promise<void> {
  for (;;) {
    await fetchRecords(link, source, (partition, bytes, first, end) => {
      source.offsets[partition] = take(partition, bytes, first, end, source.offsets[partition] ?? 0);
    });
    if (plan.pauseMs > 0) await delay(plan.pauseMs);
  }
}

function take(partition: number, bytes: Buffer, start: number, end: number, from: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nowUs = monotonicUs();
  fetches++;
  bytesSeen += end - start;
  return scanner.scan(bytes, start, end, from, ({ keyAt, keyBytes, valueAt, valueBytes }) => {
    const client = valueBytes >= MARK_BYTES ? view.getUint32(valueAt + MARK.client) : plan.clients;
    const ours =
      client < plan.clients &&
      view.getUint32(valueAt + MARK.magic) === MARK_MAGIC &&
      view.getUint32(valueAt + MARK.run) === plan.run;
    if (!ours) {
      foreign++;
      return;
    }
    records++;
    latency.record(nowUs - view.getFloat64(valueAt + MARK.timeUs));
    ledger.observe(
      client,
      view.getUint32(valueAt + MARK.number),
      partition,
      clientOf(bytes, keyAt, keyBytes),
    );
  });
}

function mark(): ConsumeMark {
  if (failure) throw failure;
  const summary = latency.summary();
  latency = new LatencyHistogram();
  return { atUs: monotonicUs(), records, fetches, bytes: bytesSeen, latency: summary, ...ledger.counts() };
}

async function finish({
  acknowledgedTo,
  patienceMs,
}: ConsumeContract['finish']['argument']): Promise<ConsumeResult> {
  let quietSince = performance.now();
  let before = records;
  // At least one more look at the partitions, for what comes twice.
  await delay(LOOK_MS * 10);
  while (performance.now() - quietSince < patienceMs && ledger.missing(acknowledgedTo).lost > 0) {
    if (failure) throw failure;
    if (records !== before) quietSince = performance.now();
    before = records;
    await delay(LOOK_MS);
  }
  return { ...ledger.missing(acknowledgedTo), foreign, ...ledger.counts() };
}

serve<ConsumeContract>({ start, mark, finish });
