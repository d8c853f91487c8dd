import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchCommand } from '../src/bench-options.ts';
import type { PipelineOptions } from '../src/pipeline-options.ts';
import type { RunResult, Verdict } from '../src/pipeline-run.ts';
import { isSound, pipelineReport, reportLines } from '../src/report/pipeline-report.ts';

const fastest = optionsOf('pipeline');
const paced = optionsOf('pipeline --rate 5000');

test('takes the run in the middle', () => {
  const median = (options: PipelineOptions, of: RunResult[]): RunResult | undefined =>
    pipelineReport(options, of, []).medians[0];
  const runs = [run(300, 1), run(100, 2), run(200, 3)];
  assert.equal(median(fastest, runs)?.messagesPerSecond, 200);
  assert.equal(median(paced, runs)?.latencyMs.p99, 2);
  assert.equal(median(fastest, runs.slice(0, 2))?.messagesPerSecond, 100);
  assert.equal(median(paced, runs.slice(0, 2))?.latencyMs.p99, 2);
});

test('takes the middle of each engine by itself', () => {
  const both = optionsOf('pipeline --engine both');
  const of = (engine: 'aedes' | 'native', rates: number[]): RunResult[] =>
    rates.map((rate) => ({ ...run(rate, 1), engine }));
  const report = pipelineReport(both, [...of('aedes', [10, 30, 20]), ...of('native', [50, 40, 60])], []);
  assert.deepEqual(
    report.medians.map(({ engine, messagesPerSecond }) => [engine, messagesPerSecond]),
    [
      ['aedes', 20],
      ['native', 50],
    ],
  );
  assert.match(reportLines(report).join('\n'), /CPU and memory of run 4 native, the median/);
  assert.throws(() => pipelineReport(both, of('aedes', [1]), []), RangeError);
});

test('is sound as long as no promise was broken', () => {
  const broken: (keyof Verdict)[] = ['lost', 'reordered', 'misplaced', 'unacknowledged', 'disconnected'];
  const sound = (verdict: Partial<Verdict>): boolean =>
    isSound(pipelineReport(fastest, [run(1, 1), run(1, 1, verdict)], []));
  assert.ok(sound({}));
  // At least once.
  assert.ok(sound({ duplicated: 3 }));
  for (const name of broken) assert.equal(sound({ [name]: 1 }), false, name);
});

test('says what was measured and what went wrong', () => {
  const bad = run(200, 3, {
    lost: 2,
    examples: [{ client: 4, number: 17 }],
    disconnected: 1,
    reason: 'reset',
  });
  const text = reportLines(pipelineReport(fastest, [run(300, 1), bad], ['mqtt-ingress: {}'])).join('\n');
  assert.match(text, /1000 clients, QoS 1, 256 B, window 1, 1 topics each, as fast as possible; kafkajs/);
  assert.match(text, /^1 +300 +1\.0 +1\.0/m);
  assert.match(text, / 300 +9\.50 /);
  assert.match(text, /CPU and memory of run 2, the median/);
  assert.match(text, /^mqtt-ingress +12\.50 +5\.00 +0\.40 +100$/m);
  assert.match(text, /^nats-server +- +- +- +-$/m);
  assert.match(text, /run 2: 10 published, 10 acknowledged, 10 in Kafka; lost 2, duplicated 0/);
  assert.match(text, /lost: number 17 of client 4/);
  assert.match(text, /1 clients were disconnected, the first: reset/);
  assert.match(text, /1 warnings and errors/);
});

function optionsOf(line: string): PipelineOptions {
  const command = parseBenchCommand(line.split(' '));
  assert.ok(command?.name === 'pipeline');
  return command.options;
}

function run(messagesPerSecond: number, p99: number, verdict: Partial<Verdict> = {}): RunResult {
  const latency = { count: 10, p50: 1, p99, p999: p99, max: p99 };
  return {
    engine: 'default',
    seconds: 1,
    window: [0, 1],
    messages: messagesPerSecond,
    messagesPerSecond,
    acknowledgedPerSecond: messagesPerSecond,
    latencyMs: latency,
    acknowledgementMs: latency,
    processes: [
      { name: 'mqtt-ingress', cpuUsPerMessage: 12.5, systemUsPerMessage: 5, cores: 0.4, rssMib: 100 },
      { name: 'nats-server', cpuUsPerMessage: null, systemUsPerMessage: null, cores: null, rssMib: null },
    ],
    ingressUs: 9.5,
    otherCores: 0.1,
    stolenCores: 0,
    calibration: { before: 1e8, after: 1e8 },
    backlog: 0,
    recordsPerFetch: 1,
    bytesPerRecord: 400,
    verdict: {
      published: 10,
      acknowledged: 10,
      unacknowledged: 0,
      disconnected: 0,
      reason: '',
      distinct: 10,
      duplicated: 0,
      reordered: 0,
      misplaced: 0,
      lost: 0,
      outstanding: 0,
      foreign: 0,
      examples: [],
      ...verdict,
    },
  };
}
