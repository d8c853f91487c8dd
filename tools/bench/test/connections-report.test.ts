import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchCommand } from '../src/bench-options.ts';
import type { ConnectionsRun, Storm } from '../src/connections-run.ts';
import type { ConnectionsOptions } from '../src/connections-options.ts';
import { connectionsLines, connectionsReport, isSound } from '../src/report/connections-report.ts';

test('takes the median of each figure by itself', () => {
  const runs = [run(3_000, 9_000), run(1_000, 8_000), run(2_000, 7_000)];
  const [median] = connectionsReport(options('native'), runs, []).medians;
  assert.equal(median?.connect.acceptedPerSecond, 2_000);
  assert.equal(median?.memory.rss, 8_000);
  assert.equal(median?.connect.processes[0]?.cpuUs, 100);
  assert.equal(median?.connect.processes[1]?.cpuUs, null);
});

test('is sound only if everybody got in at once and stayed', () => {
  const sound = (connect: Partial<Storm>, lost = 0): boolean =>
    isSound({ runs: [{ ...run(1, 1), lost, connect: { ...storm(1), ...connect } }] });
  assert.ok(sound({}));
  assert.equal(sound({ refused: 1 }), false);
  assert.equal(sound({ failed: 1 }), false);
  assert.equal(sound({}, 1), false);
});

test('shows engines side by side', () => {
  const aedes: ConnectionsRun = { ...run(1_000, 20_480), engine: 'aedes' };
  const native = { ...run(2_000, 8_192), lost: 3, lostReason: 'reset' };
  const text = connectionsLines(connectionsReport(options('both'), [aedes, native], ['x: {}'])).join('\n');
  assert.match(
    text,
    /15000 connections, MQTT mixed, 1000 at once, keep-alive 60 s; memory after 10 s of silence/,
  );
  assert.match(text, /^1 aedes +1000 +1 +2 +3 +0 +0 /m);
  assert.match(text, /^RSS, as it is +20\.00 +8\.00$/m);
  assert.match(text, /^mqtt-ingress +100 +100 +100 +100$/m);
  assert.match(text, /run 2: 3 connections ended by themselves, the first: reset/);
  assert.match(text, /1 warnings and errors/);
});

function options(engine: string): ConnectionsOptions {
  const command = parseBenchCommand(['connections', '--engine', engine]);
  assert.ok(command?.name === 'connections');
  return command.options;
}

function storm(acceptedPerSecond: number): Storm {
  return {
    accepted: 10,
    refused: 0,
    failed: 0,
    reason: '',
    seconds: 1,
    latency: { count: 10, p50: 1, p99: 2, p999: 2, max: 3 },
    acceptedPerSecond,
    processes: [
      { name: 'mqtt-ingress', cpuUs: 100, systemUs: 20 },
      { name: 'nats-server', cpuUs: null, systemUs: null },
    ],
  };
}

function run(acceptedPerSecond: number, rss: number): ConnectionsRun {
  return {
    engine: 'native',
    calibration: { before: 1e8, after: 1e8 },
    connect: storm(acceptedPerSecond),
    reconnect: storm(acceptedPerSecond),
    memory: {
      rss,
      rssCollected: rss,
      rssReconnected: rss,
      heapUsed: 1,
      heapFree: 1,
      arrayBuffers: 1,
      native: 1,
      others: [{ name: 'nats-server', rss: null }],
    },
    idleCores: 0.1,
    lost: 0,
    lostReason: '',
  };
}
