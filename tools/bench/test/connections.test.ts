import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchCommand } from '../src/bench-options.ts';
import { measureConnections } from '../src/connections.ts';
import { connectionsLines, isSound } from '../src/report/connections-report.ts';

const CLIENTS = 60;

test('measures idle connections on both engines, and their coming back', async () => {
  const command = parseBenchCommand(
    `connections --clients ${CLIENTS} --at-once 20 --seconds 1 --keep-alive 4`.split(' '),
  );
  assert.ok(command?.name === 'connections');
  const report = await measureConnections(command.options, (said) => process.stderr.write(`${said}\n`));
  const text = connectionsLines(report).join('\n');
  assert.ok(isSound(report), text);
  assert.deepEqual(
    report.runs.map(({ engine }) => engine),
    ['aedes', 'native'],
  );
  for (const { connect, reconnect, memory } of report.runs) {
    for (const storm of [connect, reconnect]) {
      assert.equal(storm.accepted, CLIENTS);
      assert.equal(storm.latency.count, CLIENTS);
      assert.ok(storm.acceptedPerSecond > 0);
      assert.deepEqual(
        storm.processes.map(({ name }) => name),
        ['mqtt-ingress', 'session-state', 'nats-server'],
      );
    }
    const { heapUsed, heapFree, arrayBuffers, native, rssCollected } = memory;
    assert.ok(Math.abs(heapUsed + heapFree + arrayBuffers + native - rssCollected) < 1);
  }
});

test('counts those that are turned away', async () => {
  const command = parseBenchCommand(
    'connections --clients 10 --seconds 1 --engine native --set mqtt-ingress:limits.connections=4'.split(' '),
  );
  assert.ok(command?.name === 'connections');
  const report = await measureConnections(command.options, (said) => process.stderr.write(`${said}\n`));
  assert.equal(isSound(report), false);
  const { connect } = report.runs[0]!;
  assert.deepEqual([connect.accepted, connect.refused, connect.failed], [4, 6, 0]);
  assert.match(
    connectionsLines(report).join('\n'),
    /run 1: 6 refused, 0 failed, the first: refused with code 151/,
  );
});
