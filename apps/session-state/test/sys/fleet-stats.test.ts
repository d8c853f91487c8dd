import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeStats } from '@tributary/contracts';
import { FleetStats } from '../../src/sys/fleet-stats.ts';
import { LoadAverage } from '../../src/sys/load-average.ts';

function stats(startedAtMs: number, clients: number, publishReceived: number): NodeStats {
  const counts = {
    connections: 0,
    sockets: 0,
    messagesReceived: 0,
    messagesSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    publishReceived,
    publishSent: 0,
    publishDropped: 0,
    publishBytesReceived: 0,
  };
  return { startedAtMs, version: '1', clients, counts };
}

test('what nodes have done is kept, what they have goes with them', () => {
  const fleet = new FleetStats(10_000);
  fleet.heard('a', stats(1_000, 5, 100), 0);
  fleet.heard('b', stats(2_000, 7, 10), 0);
  assert.deepEqual([fleet.clients, fleet.counts.publishReceived, fleet.startedAtMs], [12, 110, 1_000]);
  fleet.heard('a', stats(1_000, 4, 130), 5_000);
  assert.equal(fleet.counts.publishReceived, 140);
  // An old message that comes late takes nothing back.
  fleet.heard('a', stats(1_000, 4, 130), 5_000);
  assert.equal(fleet.counts.publishReceived, 140);
  fleet.sweep(10_000);
  assert.deepEqual(
    [...fleet.nodes()].map(([node]) => node),
    ['a'],
  );
  assert.deepEqual([fleet.clients, fleet.mostClients, fleet.counts.publishReceived], [4, 12, 140]);
  // It was started again: it counts from 0.
  fleet.heard('a', stats(9_000, 1, 3), 11_000);
  assert.equal(fleet.counts.publishReceived, 143);
  fleet.sweep(30_000);
  assert.deepEqual([fleet.clients, fleet.startedAtMs], [0, undefined]);
});

test('an average comes up to a steady rate, the shorter the sooner, and forgets it', () => {
  const average = new LoadAverage(0, 0);
  const values = (): Record<string, number> => Object.fromEntries(average.values());
  // 600 a minute, looked at every ten seconds, for five minutes.
  for (let n = 1; n <= 30; n++) average.update(n * 100, n * 10_000);
  const steady = values();
  assert.ok(Math.abs(steady['1min']! - 600 * (1 - Math.exp(-5))) < 0.01, `${steady['1min']}`);
  assert.ok(Math.abs(steady['5min']! - 600 * (1 - Math.exp(-1))) < 0.01, `${steady['5min']}`);
  assert.ok(Math.abs(steady['15min']! - 600 * (1 - Math.exp(-1 / 3))) < 0.01, `${steady['15min']}`);
  average.update(3_000, 300_000 + 60_000);
  assert.ok(Math.abs(values()['1min']! - steady['1min']! * Math.exp(-1)) < 0.01);
});
