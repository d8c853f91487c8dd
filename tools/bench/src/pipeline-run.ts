import { setTimeout as delay } from 'node:timers/promises';
import type { ConsumeContract, ConsumeMark, ConsumePlan, ConsumeResult } from './consume/consume-contract.ts';
import type { LoadContract, LoadMark, LoadPlan, LoadResult } from './load/load-contract.ts';
import { calibrate } from './measure/calibration.ts';
import type { LatencySummary } from './measure/latency-histogram.ts';
import { machineUsage, type ProcessUsage } from './measure/process-usage.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { KAFKA_TOPIC } from './platform/bench-mapping.ts';
import type { BenchPlatform } from './platform/bench-platform.ts';
import { usageOf } from './platform/bench-service.ts';
import { profileFlags } from './report/cpu-profile.ts';
import type { EngineChoice } from './service-options.ts';
import { Worker } from './worker/worker.ts';

/** What one process has used in the measured window. */
export interface ProcessCost {
  name: string;
  /** CPU time for each record that reached the consumer, microseconds; null where the system does not tell. */
  cpuUsPerMessage: number | null;
  /** The part of it spent in the kernel. */
  systemUsPerMessage: number | null;
  /** Processors kept busy, 0 to their number. */
  cores: number | null;
  rssMib: number | null;
}

export interface RunResult {
  engine: EngineChoice;
  /** Length of the window. */
  seconds: number;
  /** The window on the monotonic clock, microseconds. */
  window: [fromUs: number, toUs: number];
  /** Different messages that the consumer saw within the window. */
  messages: number;
  messagesPerSecond: number;
  /** Acknowledged within the window. */
  acknowledgedPerSecond: number;
  /** From PUBLISH (or when it was due) to the end of the fetch that brought the record, milliseconds. */
  latencyMs: LatencySummary;
  /** From PUBLISH to PUBACK (PUBCOMP), milliseconds. */
  acknowledgementMs: LatencySummary;
  processes: ProcessCost[];
  /**
   * CPU time of the ingress node for each message acknowledged within the window, microseconds: where devices are faster than
   * Kafka is fed, it works for more messages than the consumer sees. Null at QoS 0, and where the system does not tell.
   */
  ingressUs: number | null;
  /** Processors that everything else on the machine kept busy. */
  otherCores: number | null;
  stolenCores: number | null;
  /** Rounds per second of the calibration loop. */
  calibration: { before: number; after: number };
  /** Messages due and not sent at the end of the window. */
  backlog: number;
  /** Records in a fetch that brought any, and bytes of batches for each record. */
  recordsPerFetch: number;
  bytesPerRecord: number;
  /** Of the whole run, warm-up included. */
  verdict: Verdict;
}

export type Verdict = Omit<LoadResult, 'acknowledgedTo'> & ConsumeResult;

/** For the last acknowledgement, and for the next record while any is missing. */
export const PATIENCE_MS = 60_000;
/** Fetches cost the broker more than they cost us; at full load a rest changes no rate, and at a fixed rate it would be latency. */
const PAUSE_MS = { max: 10, paced: 1 };

interface Snapshot {
  load: LoadMark;
  consumed: ConsumeMark;
  usage: (ProcessUsage | undefined)[];
  machine: ReturnType<typeof machineUsage>;
}

/** One load with its own clients and consumer on a running platform: warm-up, window, and the end of what is in flight. */
export async function runPipeline(
  options: PipelineOptions,
  platform: BenchPlatform,
  engine: EngineChoice,
  run: number,
): Promise<RunResult> {
  const before = calibrate();
  const { mqtt, members: servers } = platform.with(engine);
  const { clients, qos, window, topics, rate, partitions } = options;
  const loadPlan: LoadPlan = {
    ...mqtt,
    run,
    clients,
    qos,
    window,
    topics,
    rate,
    payloadBytes: options.payload,
  };
  const consumePlan: ConsumePlan = {
    ...platform.kafka,
    topic: KAFKA_TOPIC,
    partitions,
    run,
    clients,
    pauseMs: rate === null ? PAUSE_MS.max : PAUSE_MS.paced,
  };
  await using consumer = new Worker<ConsumeContract>(
    'consumer',
    new URL('consume/main.ts', import.meta.url),
    consumePlan,
    options.profile.includes('consumer') ? profileFlags('consumer') : [],
  );
  await using load = new Worker<LoadContract>(
    'load generator',
    new URL('load/main.ts', import.meta.url),
    loadPlan,
    options.profile.includes('load') ? profileFlags('load') : [],
  );
  const members = [
    ...servers,
    { name: load.name, pid: load.pid },
    { name: consumer.name, pid: consumer.pid },
  ];
  const snapshot = async (): Promise<Snapshot> => {
    const [loaded, consumed] = await Promise.all([
      load.ask('mark', undefined),
      consumer.ask('mark', undefined),
    ]);
    const usage = members.map(usageOf);
    return { load: loaded, consumed, usage, machine: machineUsage() };
  };

  await consumer.ask('start', undefined);
  await load.ask('connect', undefined);
  await load.ask('go', undefined);
  await delay(options.warmup * 1_000);
  const first = await snapshot();
  await delay(options.seconds * 1_000);
  const last = await snapshot();
  const { acknowledgedTo, ...loaded } = await load.ask('finish', { patienceMs: PATIENCE_MS });
  const consumed = await consumer.ask('finish', { acknowledgedTo, patienceMs: PATIENCE_MS });
  const after = calibrate();

  const wall = last.consumed.atUs - first.consumed.atUs;
  const messages = last.consumed.distinct - first.consumed.distinct;
  const processes = members.map(({ name }, i): ProcessCost => {
    const used = difference(last.usage[i]?.cpuUs, first.usage[i]?.cpuUs);
    const system = difference(last.usage[i]?.systemUs, first.usage[i]?.systemUs);
    const bytes = last.usage[i]?.rssBytes;
    return {
      name,
      cpuUsPerMessage: used === null || messages === 0 ? null : used / messages,
      systemUsPerMessage: system === null || messages === 0 ? null : system / messages,
      cores: used === null ? null : used / wall,
      rssMib: bytes === undefined ? null : bytes / 2 ** 20,
    };
  });
  const busy = difference(last.machine?.busyUs, first.machine?.busyUs);
  const ours = processes.reduce((sum, { cores }) => sum + (cores ?? 0), 0);
  const stolen = difference(last.machine?.stolenUs, first.machine?.stolenUs);
  const loadUs = last.load.atUs - first.load.atUs;
  const acknowledged = last.load.acknowledged - first.load.acknowledged;
  const ingressCores = processes[0]?.cores ?? null;
  const records = last.consumed.records - first.consumed.records;
  return {
    engine,
    seconds: wall / 1e6,
    window: [first.consumed.atUs, last.consumed.atUs],
    messages,
    messagesPerSecond: messages / (wall / 1e6),
    acknowledgedPerSecond: acknowledged / (loadUs / 1e6),
    latencyMs: last.consumed.latency,
    acknowledgementMs: last.load.acknowledgement,
    processes,
    ingressUs: ingressCores === null || acknowledged === 0 ? null : (ingressCores * loadUs) / acknowledged,
    otherCores: busy === null ? null : Math.max(0, busy / wall - ours),
    stolenCores: stolen === null ? null : stolen / wall,
    calibration: { before, after },
    backlog: last.load.backlog,
    recordsPerFetch: records / Math.max(1, last.consumed.fetches - first.consumed.fetches),
    bytesPerRecord: (last.consumed.bytes - first.consumed.bytes) / Math.max(1, records),
    verdict: { ...loaded, ...consumed },
  };
}

function difference(last: number | undefined, first: number | undefined): number | null {
  return last === undefined || first === undefined ? null : last - first;
}
