import type { LatencySummary } from '../measure/latency-histogram.ts';
import type { PipelineOptions } from '../pipeline-options.ts';
import { PATIENCE_MS, type RunResult } from '../pipeline-run.ts';
import { machine, machineLine, type Machine } from './machine.ts';
import { table } from './table.ts';

export interface PipelineReport {
  options: PipelineOptions;
  machine: Machine;
  runs: RunResult[];
  /** Of each engine the run in the middle by messages per second, or by p99 if the rate was fixed; of an even number the worse one. */
  medians: RunResult[];
  /** Log lines of the services that were warnings or worse. */
  complaints: string[];
}

export function pipelineReport(
  options: PipelineOptions,
  runs: readonly RunResult[],
  complaints: string[],
): PipelineReport {
  const better = (a: RunResult, b: RunResult): number =>
    options.rate === null ? b.messagesPerSecond - a.messagesPerSecond : a.latencyMs.p99 - b.latencyMs.p99;
  const medians = options.engines.map((engine) => {
    const sorted = runs.filter((run) => run.engine === engine).sort(better);
    const median = sorted[Math.floor(sorted.length / 2)];
    if (!median) throw new RangeError(`a report needs a run with engine ${engine}`);
    return median;
  });
  return { options, machine: machine(), runs: [...runs], medians, complaints };
}

/** Whether nothing that the platform promises was broken in any run. */
export function isSound({ runs }: PipelineReport): boolean {
  return runs.every(({ verdict }) => {
    const { lost, reordered, misplaced, unacknowledged, disconnected } = verdict;
    return lost + reordered + misplaced + unacknowledged + disconnected === 0;
  });
}

/** The report for people. */
export function reportLines(report: PipelineReport): string[] {
  const { runs, medians, complaints } = report;
  return [
    '',
    machineLine(report.machine),
    loadLine(report.options),
    '',
    ...table([RUN_HEAD, ...runs.map((run, i) => runRow(runName(i + 1, run), run))]),
    ...medians.flatMap((median) => [
      '',
      `CPU and memory of ${runs.length === 1 ? 'the run' : `run ${runName(runs.indexOf(median) + 1, median)}, the median`}`,
      ...costTable(median),
    ]),
    '',
    ...runs.flatMap((run, i) => verdictLines(i + 1, run)),
    ...(complaints.length === 0
      ? []
      : [
          '',
          `${complaints.length} warnings and errors in the logs of the services, the first:`,
          ...complaints.slice(0, 5),
        ]),
  ];
}

function loadLine({
  clients,
  qos,
  payload,
  window,
  rate,
  producer,
  partitions,
  topics,
}: PipelineOptions): string {
  const speed = rate === null ? 'as fast as possible' : `${rate} messages/s`;
  return `${clients} clients, QoS ${qos}, ${payload} B, window ${window}, ${topics} topics each, ${speed}; ${producer}, ${partitions} Kafka partitions`;
}

const RUN_HEAD = [
  'run',
  'messages/s',
  'in Kafka ms p50',
  'p99',
  'p99.9',
  'acked ms p50',
  'p99',
  'p99.9',
  'CPU us/msg',
  'acked/s',
  'ingress us/acked',
  'other cores',
  'calibration M/s',
];

function runName(number: number, { engine }: RunResult): string {
  return engine === 'default' ? String(number) : `${number} ${engine}`;
}

function runRow(name: string, run: RunResult): string[] {
  const { calibration, latencyMs, acknowledgementMs, otherCores } = run;
  const latency = ({ p50, p99, p999 }: LatencySummary): string[] =>
    [p50, p99, p999].map((ms) => ms.toFixed(1));
  const calibrated = [calibration.before, calibration.after].map((rounds) => (rounds / 1e6).toFixed(0));
  return [
    name,
    run.messagesPerSecond.toFixed(0),
    ...latency(latencyMs),
    ...latency(acknowledgementMs),
    sum(run.processes.map(({ cpuUsPerMessage }) => cpuUsPerMessage)),
    run.acknowledgedPerSecond.toFixed(0),
    fixed(run.ingressUs, 2),
    fixed(otherCores, 2),
    calibrated.join(' -> '),
  ];
}

function costTable(run: RunResult): string[] {
  const rows = run.processes.map(({ name, cpuUsPerMessage, systemUsPerMessage, cores, rssMib }) => [
    name,
    fixed(cpuUsPerMessage, 2),
    fixed(systemUsPerMessage, 2),
    fixed(cores, 2),
    fixed(rssMib, 0),
  ]);
  const total = [
    'all',
    sum(run.processes.map(({ cpuUsPerMessage }) => cpuUsPerMessage)),
    sum(run.processes.map(({ systemUsPerMessage }) => systemUsPerMessage)),
    sum(run.processes.map(({ cores }) => cores)),
    sum(run.processes.map(({ rssMib }) => rssMib)),
  ];
  return table([['process', 'CPU us/message', 'in the kernel', 'cores', 'RSS MiB'], ...rows, total]);
}

function verdictLines(number: number, { verdict, backlog, seconds }: RunResult): string[] {
  const { published, acknowledged, distinct, lost, duplicated, reordered, misplaced, foreign } = verdict;
  const lines = [
    `run ${number}: ${published} published, ${acknowledged} acknowledged, ${distinct} in Kafka; ` +
      `lost ${lost}, duplicated ${duplicated}, reordered ${reordered}, under a wrong key or partition ${misplaced}`,
  ];
  if (verdict.outstanding > 0)
    lines.push(
      `  of those lost, ${verdict.outstanding} may still have been on their way: nothing came any more for ${PATIENCE_MS / 1_000} s`,
    );
  if (verdict.unacknowledged > 0) lines.push(`  ${verdict.unacknowledged} messages were never acknowledged`);
  if (verdict.disconnected > 0)
    lines.push(`  ${verdict.disconnected} clients were disconnected, the first: ${verdict.reason}`);
  if (foreign > 0) lines.push(`  ${foreign} records are no messages of this run`);
  if (backlog > 0) lines.push(`  ${backlog} messages were due and not sent after ${seconds.toFixed(0)} s`);
  for (const { client, number: missing } of verdict.examples)
    lines.push(`  lost: number ${missing} of client ${client}`);
  return lines;
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}

function sum(values: readonly (number | null)[]): string {
  return values.includes(null)
    ? '-'
    : values.reduce<number>((all, value) => all + (value ?? 0), 0).toFixed(1);
}
