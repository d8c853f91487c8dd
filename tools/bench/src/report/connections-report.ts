import type { ConnectionsOptions } from '../connections-options.ts';
import type { ConnectionMemory, ConnectionsRun, Storm } from '../connections-run.ts';
import type { EngineChoice } from '../service-options.ts';
import { machine, machineLine, type Machine } from './machine.ts';
import { table } from './table.ts';

export interface ConnectionsReport {
  options: ConnectionsOptions;
  machine: Machine;
  runs: ConnectionsRun[];
  medians: ConnectionsMedian[];
  /** Log lines of the services that were warnings or worse. */
  complaints: string[];
}

/** Of the runs of one engine the median of each figure by itself; of an even number the lower one in the middle. */
export interface ConnectionsMedian {
  engine: EngineChoice;
  connect: StormMedian;
  reconnect: StormMedian;
  /** Bytes for each connection, as {@link ConnectionMemory} has them. */
  memory: Record<keyof Omit<ConnectionMemory, 'others'>, number | null>;
  idleCores: number | null;
}

export interface StormMedian {
  acceptedPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** CPU time for each CONNECT, by process. */
  processes: { name: string; cpuUs: number | null }[];
}

export function connectionsReport(
  options: ConnectionsOptions,
  runs: readonly ConnectionsRun[],
  complaints: string[],
): ConnectionsReport {
  const medians = options.engines.map((engine) =>
    medianOf(
      engine,
      runs.filter((run) => run.engine === engine),
    ),
  );
  return { options, machine: machine(), runs: [...runs], medians, complaints };
}

/** Whether every client got in at the first attempt, and stayed. */
export function isSound({ runs }: Pick<ConnectionsReport, 'runs'>): boolean {
  return runs.every(
    ({ connect, reconnect, lost }) =>
      connect.refused + connect.failed + reconnect.refused + reconnect.failed + lost === 0,
  );
}

/** The report for people. */
export function connectionsLines(report: ConnectionsReport): string[] {
  const { options, runs, medians, complaints } = report;
  const { clients, atOnce, protocol, keepAlive, seconds } = options;
  return [
    '',
    machineLine(report.machine),
    `${clients} connections, MQTT ${protocol}, ${atOnce} at once, keep-alive ${keepAlive} s; memory after ${seconds} s of silence`,
    '',
    ...table([RUN_HEAD, ...runs.map((run, i) => runRow(i + 1, run))]),
    '',
    'medians: CPU us for each CONNECT (a reconnect is an end and a CONNECT)',
    ...cpuTable(medians),
    '',
    'medians: memory of mqtt-ingress for each connection, KiB',
    ...memoryTable(medians),
    ...runs.flatMap((run, i) => troubles(i + 1, run)),
    ...(complaints.length === 0
      ? []
      : ['', `${complaints.length} warnings and errors in the logs, the first:`, ...complaints.slice(0, 5)]),
  ];
}

const RUN_HEAD = [
  'run',
  'connects/s',
  'CONNACK ms p50',
  'p99',
  'max',
  'refused',
  'failed',
  'again, connects/s',
  'p50',
  'p99',
  'max',
  'refused',
  'failed',
  'lost',
  'RSS KiB each',
  'idle cores',
  'calibration M/s',
];

function runRow(number: number, run: ConnectionsRun): string[] {
  const { engine, connect, reconnect, lost, memory, idleCores, calibration } = run;
  const storm = ({ acceptedPerSecond, latency: { p50, p99, max }, refused, failed }: Storm): string[] =>
    [acceptedPerSecond, p50, p99, max, refused, failed].map((value) => value.toFixed(0));
  return [
    `${number} ${engine}`,
    ...storm(connect),
    ...storm(reconnect),
    String(lost),
    kib(memory.rss),
    idleCores === null ? '-' : idleCores.toFixed(3),
    [calibration.before, calibration.after].map((rounds) => (rounds / 1e6).toFixed(0)).join(' -> '),
  ];
}

function cpuTable(medians: readonly ConnectionsMedian[]): string[] {
  const head = medians.flatMap(({ engine }) => [`${engine}, connect`, 'reconnect']);
  const names = medians[0]?.connect.processes.map(({ name }) => name) ?? [];
  const rows = names.map((name, i) => [
    name,
    ...medians.flatMap(({ connect, reconnect }) =>
      [connect, reconnect].map(({ processes }) => processes[i]?.cpuUs?.toFixed(0) ?? '-'),
    ),
  ]);
  return table([['process', ...head], ...rows]);
}

const MEMORY_ROWS: [keyof ConnectionsMedian['memory'], string][] = [
  ['rss', 'RSS, as it is'],
  ['rssCollected', 'RSS, all garbage collected'],
  ['heapUsed', '  heap, used'],
  ['heapFree', '  heap, free'],
  ['arrayBuffers', '  array buffers'],
  ['native', '  native: sockets, malloc, pages kept by V8'],
  ['rssReconnected', 'RSS after the reconnect, collected'],
];

function memoryTable(medians: readonly ConnectionsMedian[]): string[] {
  const rows = MEMORY_ROWS.map(([key, name]) => [name, ...medians.map(({ memory }) => kib(memory[key]))]);
  return table([['', ...medians.map(({ engine }) => engine)], ...rows]);
}

function troubles(number: number, { connect, reconnect, lost, lostReason }: ConnectionsRun): string[] {
  const lines: string[] = [];
  for (const { refused, failed, reason } of [connect, reconnect]) {
    if (refused + failed > 0)
      lines.push(`run ${number}: ${refused} refused, ${failed} failed, the first: ${reason}`);
  }
  if (lost > 0)
    lines.push(`run ${number}: ${lost} connections ended by themselves, the first: ${lostReason}`);
  return lines;
}

function medianOf(engine: EngineChoice, runs: readonly ConnectionsRun[]): ConnectionsMedian {
  const middle = (figure: (run: ConnectionsRun) => number | null): number | null => {
    const values = runs.map(figure).filter((value) => value !== null);
    return values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? null;
  };
  const storm = (of: (run: ConnectionsRun) => Storm): StormMedian => ({
    acceptedPerSecond: middle((run) => of(run).acceptedPerSecond) ?? 0,
    p50Ms: middle((run) => of(run).latency.p50) ?? 0,
    p99Ms: middle((run) => of(run).latency.p99) ?? 0,
    maxMs: middle((run) => of(run).latency.max) ?? 0,
    processes: (runs[0] ? of(runs[0]).processes : []).map(({ name }, i) => ({
      name,
      cpuUs: middle((run) => of(run).processes[i]?.cpuUs ?? null),
    })),
  });
  return {
    engine,
    connect: storm(({ connect }) => connect),
    reconnect: storm(({ reconnect }) => reconnect),
    memory: {
      rss: middle(({ memory }) => memory.rss),
      rssCollected: middle(({ memory }) => memory.rssCollected),
      rssReconnected: middle(({ memory }) => memory.rssReconnected),
      heapUsed: middle(({ memory }) => memory.heapUsed),
      heapFree: middle(({ memory }) => memory.heapFree),
      arrayBuffers: middle(({ memory }) => memory.arrayBuffers),
      native: middle(({ memory }) => memory.native),
    },
    idleCores: middle((run) => run.idleCores),
  };
}

function kib(bytes: number | null): string {
  return bytes === null ? '-' : (bytes / 1_024).toFixed(2);
}
