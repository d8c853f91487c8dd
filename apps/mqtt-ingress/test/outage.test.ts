import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until, type Proc } from '@tributary/testing';
import { metric, Platform } from './platform.ts';
import { publishPacket, RawClient } from './raw-client.ts';
import { account, Fleet } from './steady-device.ts';

const MIB = 1024 * 1024;

describe('an outage', () => {
  it('of the node (kill -9) loses nothing acknowledged', async () => {
    await using platform = await Platform.start();
    const nodes = [
      await platform.node({ 'lease.ttlMs': 2_000 }),
      await platform.node({ 'lease.ttlMs': 2_000 }),
    ];
    using fleet = new Fleet(20, 'killed', () => nodes);
    const { devices } = fleet;
    for (const node of nodes) {
      await delay(1_500);
      await node.kill();
      await delay(500);
      await node.start();
    }
    await delay(1_000);
    await fleet.finish();
    const result = account(devices, await platform.rows());
    console.log(`ingress killed twice: ${JSON.stringify(result)}`);
    assert.ok(result.acknowledged > 1_000);
    assert.equal(result.lost, 0);
    assert.equal(result.reordered, 0);
  });

  it('of NATS (kill -9 and restart, three times) loses nothing acknowledged', async () => {
    await using platform = await Platform.start();
    const node = await platform.node({ 'lease.ttlMs': 60_000 });
    using fleet = new Fleet(20, 'restart', () => [node]);
    const { devices } = fleet;
    for (let round = 0; round < 3; round++) {
      await delay(1_000);
      await platform.server.restart('kill');
    }
    await until(() => node.get('/readyz').then(({ ok }) => ok), {
      timeoutMs: 20_000,
      what: 'it is ready again',
    });
    const before = devices.map(({ acknowledged }) => acknowledged.length);
    await delay(1_000);
    assert.ok(devices.every(({ acknowledged }, n) => acknowledged.length > (before[n] ?? 0)));
    await fleet.finish();
    const result = account(devices, await platform.rows());
    const connections = devices.reduce((sum, device) => sum + device.connections, 0);
    console.log(
      `NATS killed three times: ${JSON.stringify(result)}, ${connections} connections of 20 devices`,
    );
    assert.ok(result.acknowledged > 1_000);
    assert.deepEqual([result.lost, result.reordered, result.repeated], [0, 0, 0]);
    assert.equal(connections, 20, 'nobody had to connect again');
  });

  it('of NATS longer than the lease closes all devices, and loses nothing acknowledged', async () => {
    await using platform = await Platform.start();
    const node = await platform.node({ 'lease.ttlMs': 2_000 });
    using fleet = new Fleet(20, 'lease', () => [node]);
    const { devices } = fleet;
    await delay(1_000);
    platform.server.pause();
    await delay(4_000);
    // Those who connect again meanwhile wait for their CONNACK until the lease is back.
    assert.ok((await metric(node, 'tributary_ingress_connections_closed_total')) >= 20);
    assert.equal((await node.get('/readyz')).status, 503);
    platform.server.resume();
    await until(() => node.get('/readyz').then(({ ok }) => ok), {
      timeoutMs: 20_000,
      what: 'it is ready again',
    });
    await delay(2_000);
    await fleet.finish();
    const result = account(devices, await platform.rows());
    console.log(`lease lost: ${JSON.stringify(result)}`);
    assert.ok(devices.every(({ connections }) => connections >= 2));
    assert.deepEqual([result.lost, result.reordered], [0, 0]);
  });

  it('of NATS stops the reading of sockets, keeps memory flat, and all flows on afterwards', async () => {
    await using platform = await Platform.start({ nats: { maxPayload: 8 * MIB } });
    const node = await platform.node({
      'lease.ttlMs': 120_000,
      'log.highWaterBytes': 2 * MIB,
      'log.maxPendingBytes': 3 * MIB,
    });
    using sockets = new DisposableStack();
    const floods = await Promise.all(
      Array.from({ length: 40 }, (_, n) => Flood.start(node, n, n % 4 === 0 ? 0 : 1)),
    );
    for (const { client } of floods) sockets.use(client);
    await delay(1_500);
    platform.server.pause();
    await delay(2_000);
    const atStop = { rss: rss(node), written: written(floods) };
    const samples: number[] = [];
    for (let second = 0; second < 10; second++) {
      await delay(1_000);
      samples.push(rss(node));
    }
    const pending = await metric(node, 'tributary_ingress_pending_bytes');
    const paused = await metric(node, 'tributary_ingress_paused_sockets');
    const growth = Math.max(...samples) - atStop.rss;
    const waiting = floods.reduce((sum, { client }) => sum + client.socket.writableLength, 0);
    console.log(
      `NATS stopped: RSS ${mib(atStop.rss)} then ${samples.map(mib).join(' ')} MiB; pending ${mib(pending)} MiB, ` +
        `${paused} of ${floods.length} sockets paused, ${mib(waiting)} MiB wait in the devices`,
    );
    assert.ok(growth < 8 * MIB, `grew by ${mib(growth)} MiB`);
    assert.equal(paused, floods.length);
    assert.ok(waiting > 0, 'the devices were not read');
    platform.server.resume();
    await until(async () => (await metric(node, 'tributary_ingress_paused_sockets')) < floods.length, {
      timeoutMs: 20_000,
    });
    for (const flood of floods) flood.stop();
    await until(() => floods.every((flood) => flood.done), {
      timeoutMs: 60_000,
      what: 'all is acknowledged',
    });
    const rows = await platform.rows();
    const dropped = await metric(node, 'tributary_ingress_dropped_total');
    const sent = floods.filter(({ qos }) => qos === 0).reduce((sum, flood) => sum + flood.sent, 0);
    const count = (qos: 0 | 1): number => rows.filter(({ row }) => row.qos === qos).length;
    const acknowledged = floods.reduce((sum, flood) => sum + flood.acknowledged, 0);
    console.log(
      `afterwards: QoS 1 acknowledged ${acknowledged}, stored ${count(1)}; ` +
        `QoS 0 sent ${sent}, stored ${count(0)}, dropped and counted ${dropped}`,
    );
    assert.equal(count(1), acknowledged);
    assert.equal(count(0) + dropped, sent);
  });
});

/** A device that sends as fast as its socket takes it. */
class Flood {
  readonly client: RawClient;
  readonly qos: 0 | 1;
  readonly #topic: string;
  sent = 0;
  acknowledged = 0;
  #stopped = false;

  private constructor(client: RawClient, n: number, qos: 0 | 1) {
    this.client = client;
    this.qos = qos;
    this.#topic = `flood/${n}`;
  }

  static async start(node: Proc, n: number, qos: 0 | 1): Promise<Flood> {
    const flood = new Flood(await RawClient.connect(node, { clientId: `flood-${n}` }), n, qos);
    flood.client.socket.on('drain', () => flood.#pour());
    flood.client.socket.on('data', () => (flood.acknowledged += flood.client.received.splice(0).length));
    flood.#pour();
    return flood;
  }

  stop(): void {
    this.#stopped = true;
  }

  get done(): boolean {
    return this.qos === 0 ? this.client.socket.writableLength === 0 : this.acknowledged === this.sent;
  }

  #pour(): void {
    const payload = Buffer.alloc(1_000, 1);
    while (!this.#stopped && this.client.socket.writableLength < 64 * 1024) {
      const burst = Array.from({ length: 20 }, () => {
        this.sent++;
        return publishPacket(this.#topic, payload, this.qos, (this.sent % 60_000) + 1);
      });
      this.client.sendAll(burst);
    }
  }
}

function written(floods: readonly Flood[]): number {
  return floods.reduce((sum, { client }) => sum + client.socket.bytesWritten, 0);
}

/** Resident set size of a process, in bytes. */
function rss(node: Proc): number {
  const status = readFileSync(`/proc/${node.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
