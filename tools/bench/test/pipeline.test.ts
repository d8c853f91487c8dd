import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchCommand } from '../src/bench-options.ts';
import { measurePipeline } from '../src/pipeline.ts';
import { isSound, reportLines } from '../src/report/pipeline-report.ts';

const CLIENTS = 20;

test('measures the whole path for three seconds', async () => {
  const line = `pipeline --seconds 3 --warmup 1 --clients ${CLIENTS} --window 4 --topics 3 --rate 400`;
  const command = parseBenchCommand(line.split(' '));
  assert.ok(command?.name === 'pipeline');
  const report = await measurePipeline(command.options, (said) => process.stderr.write(`${said}\n`));
  const [median] = report.medians;
  assert.ok(median);
  const { verdict, latencyMs, acknowledgementMs, processes } = median;
  assert.ok(isSound(report), reportLines(report).join('\n'));
  assert.equal(verdict.foreign, 0);
  assert.equal(verdict.acknowledged, verdict.published);
  assert.equal(verdict.distinct, verdict.published);
  assert.ok(verdict.published > 400, `${verdict.published} published`);
  assert.ok(median.messages > 0 && median.messages <= verdict.published);
  assert.ok(latencyMs.count >= median.messages);
  assert.ok(latencyMs.p50 > 0 && latencyMs.p50 <= latencyMs.p99 && latencyMs.p99 <= latencyMs.max);
  assert.ok(acknowledgementMs.count > 0);
  assert.ok(median.ingressUs === null || median.ingressUs > 0);
  assert.deepEqual(
    processes.map(({ name }) => name),
    [
      'mqtt-ingress',
      'session-state',
      'topic-mapper',
      'kafka-egress',
      'control-plane',
      'nats-server',
      'kafka',
      'load generator',
      'consumer',
    ],
  );
});
