import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionsOptions } from './connections-options.ts';
import type { IdleContract, IdlePlan, StormResult } from './idle/idle-contract.ts';
import { calibrate } from './measure/calibration.ts';
import type { MemorySplit } from './measure/memory-probe.ts';
import type { ProcessUsage } from './measure/process-usage.ts';
import { usageOf, type Member } from './platform/bench-service.ts';
import type { ConnectionsPlatform } from './platform/connections-platform.ts';
import type { EngineChoice } from './service-options.ts';
import { Worker } from './worker/worker.ts';

export interface ConnectionsRun {
  engine: EngineChoice;
  /** Rounds per second of the calibration loop. */
  calibration: { before: number; after: number };
  /** All clients connect for the first time. */
  connect: Storm;
  /** All connections were reset at once, and every client comes back at once: CPU time is of the ends as well. */
  reconnect: Storm;
  memory: ConnectionMemory;
  /** Processors that the ingress kept busy with idle connections, their pings included. */
  idleCores: number | null;
  /** Connections that ended by themselves, and how the first did. */
  lost: number;
  lostReason: string;
}

export interface Storm extends StormResult {
  acceptedPerSecond: number;
  /** CPU time for each CONNECT, microseconds; null where the system does not tell. */
  processes: { name: string; cpuUs: number | null; systemUs: number | null }[];
}

/** Bytes for each connection. */
export interface ConnectionMemory {
  /** What the ingress has grown by, as the system sees it. */
  rss: number | null;
  /** The same after a collection of all garbage, before and after the reconnect. */
  rssCollected: number;
  rssReconnected: number;
  heapUsed: number;
  /** Pages of the heap without what is used of them. */
  heapFree: number;
  arrayBuffers: number;
  /** What is in none of the others: sockets and handles, what malloc keeps, and pages that V8 has emptied and keeps. */
  native: number;
  /** Of the other processes, as the system sees them. */
  others: { name: string; rss: number | null }[];
}

/** Time for what a storm leaves behind: purges of records, timers. */
const SETTLE_MS = 1_500;

interface Snapshot {
  usage: (ProcessUsage | undefined)[];
  atMs: number;
}

/** One storm of CONNECTs, silence, and another storm, on a platform that has served nobody yet. */
export async function runConnections(
  options: ConnectionsOptions,
  platform: ConnectionsPlatform,
  engine: EngineChoice,
): Promise<ConnectionsRun> {
  const before = calibrate();
  const { clients, atOnce, protocol, keepAlive } = options;
  const plan: IdlePlan = { ...platform.mqtt, clients, atOnce, protocol, keepAlive };
  const { members, probe } = platform;
  const snapshot = (): Snapshot => ({ usage: members.map(usageOf), atMs: performance.now() });
  await using load = new Worker<IdleContract>(
    'load generator',
    new URL('idle/main.ts', import.meta.url),
    plan,
  );
  // Answers once it has made its devices.
  await load.ask('lost', undefined);
  const storm = async (command: 'connect' | 'reconnect'): Promise<Storm> => {
    const first = snapshot();
    const result = await load.ask(command, undefined);
    await delay(SETTLE_MS);
    return { ...result, ...costs(members, result, first, snapshot()) };
  };

  const empty = await probe.read();
  const start = snapshot();
  const connect = await storm('connect');
  const silent = snapshot();
  await delay(options.seconds * 1_000);
  const idle = snapshot();
  const full = await probe.read();
  const reconnect = await storm('reconnect');
  await delay(options.seconds * 1_000);
  const again = await probe.read();
  const { count, reason } = await load.ask('lost', undefined);
  const cpuUs = difference(idle.usage[0]?.cpuUs, silent.usage[0]?.cpuUs);
  const grown = members.map(({ name }, i) => {
    const bytes = difference(idle.usage[i]?.rssBytes, start.usage[i]?.rssBytes);
    return { name, rss: bytes === null ? null : bytes / clients };
  });
  return {
    engine,
    calibration: { before, after: calibrate() },
    connect,
    reconnect,
    memory: {
      rss: grown[0]?.rss ?? null,
      others: grown.slice(1),
      ...memoryOf(empty, full, clients),
      rssReconnected: (again.rss - empty.rss) / clients,
    },
    idleCores: cpuUs === null ? null : cpuUs / 1_000 / (idle.atMs - silent.atMs),
    lost: count,
    lostReason: reason,
  };
}

function memoryOf(
  empty: MemorySplit,
  full: MemorySplit,
  clients: number,
): Pick<ConnectionMemory, 'rssCollected' | 'heapUsed' | 'heapFree' | 'arrayBuffers' | 'native'> {
  const each = (bytes: (split: MemorySplit) => number): number => (bytes(full) - bytes(empty)) / clients;
  return {
    rssCollected: each(({ rss }) => rss),
    heapUsed: each(({ heapUsed }) => heapUsed),
    heapFree: each(({ heapTotal, heapUsed }) => heapTotal - heapUsed),
    arrayBuffers: each(({ arrayBuffers }) => arrayBuffers),
    native: each(({ rss, heapTotal, arrayBuffers }) => rss - heapTotal - arrayBuffers),
  };
}

function costs(
  members: readonly Member[],
  { accepted, seconds }: StormResult,
  first: Snapshot,
  last: Snapshot,
): Pick<Storm, 'acceptedPerSecond' | 'processes'> {
  const each = (us: number | null): number | null => (us === null || accepted === 0 ? null : us / accepted);
  const processes = members.map(({ name }, i) => ({
    name,
    cpuUs: each(difference(last.usage[i]?.cpuUs, first.usage[i]?.cpuUs)),
    systemUs: each(difference(last.usage[i]?.systemUs, first.usage[i]?.systemUs)),
  }));
  return { acceptedPerSecond: accepted / seconds, processes };
}

function difference(last: number | undefined, first: number | undefined): number | null {
  return last === undefined || first === undefined ? null : last - first;
}
