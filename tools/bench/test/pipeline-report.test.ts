import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePipelineOptions, type PipelineOptions } from '../src/bench-options.ts';
import type { RunResult, Verdict } from '../src/pipeline-run.ts';
import { isSound, pipelineReport, reportLines } from '../src/report/pipeline-report.ts';

const fastest = optionsOf('pipeline');
const paced = optionsOf('pipeline --rate 5000');

test('takes the run in the middle', () => {
  const runs = [run(300, 1), run(100, 2), run(200, 3)];
  assert.equal(pipelineReport(fastest, runs, []).median.messagesPerSecond, 200);
  assert.equal(pipelineReport(paced, runs, []).median.latencyMs.p99, 2);
  assert.equal(pipelineReport(fastest, runs.slice(0, 2), []).median.messagesPerSecond, 100);
  assert.equal(pipelineReport(paced, runs.slice(0, 2), []).median.latencyMs.p99, 2);
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
  assert.match(text, /CPU and memory of run 2, the median/);
  assert.match(text, /^mqtt-ingress +12\.50 +5\.00 +0\.40 +100$/m);
  assert.match(text, /^nats-server +- +- +- +-$/m);
  assert.match(text, /run 2: 10 published, 10 acknowledged, 10 in Kafka; lost 2, duplicated 0/);
  assert.match(text, /lost: number 17 of client 4/);
  assert.match(text, /1 clients were disconnected, the first: reset/);
  assert.match(text, /1 warnings and errors/);
});

function optionsOf(line: string): PipelineOptions {
  const options = parsePipelineOptions(line.split(' '));
  assert.ok(options);
  return options;
}

function run(messagesPerSecond: number, p99: number, verdict: Partial<Verdict> = {}): RunResult {
  const latency = { count: 10, p50: 1, p99, p999: p99, max: p99 };
  return {
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
