import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Proc, until } from '@tributary/testing';
import { metric, mqttAddress, Platform } from '../platform.ts';
import type { AttackOrder } from './attack-contract.ts';
import { attack } from './attacker.ts';
import { connectAnew, quantile, SteadyClient } from './steady-client.ts';

/** HOSTILE_SEED repeats what a run that failed has printed. */
const SEED = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 2 ** 32);
const PHASE_MS = 6_000;
/** Lets the test ask for a collection: what is garbage must not be taken for what is held. */
const COLLECTOR = [
  '--expose-gc',
  '--import=data:text/javascript,process.on("SIGUSR2",()=>gc({type:"major",execution:"sync",flavor:"last-resort"}))',
];
/** What caches and compiled code may grow by. */
const HELD_SLACK_BYTES = 24 * 1024 * 1024;
/** What the C library does not give back of memory that was used once; it does not grow with a second attack. */
const RESIDENT_SLACK_BYTES = 144 * 1024 * 1024;
/** Below this a latency is the noise of a busy machine, in ms. */
const LEAST_MS = 4;

for (const engine of ['aedes', 'native']) {
  describe(`a node under attack, engine ${engine}`, { timeout: 180_000 }, () => {
    it('serves those who behave, and is as it was when the attack is over', async (t) => {
      t.diagnostic(`HOSTILE_SEED=${SEED}`);
      await using platform = await Platform.start();
      const node = await platform.node(
        {
          'mqtt.engine': engine,
          'lease.ttlMs': 10_000,
          'limits.handshakeMs': 2_000,
          'limits.unreadMs': 3_000,
          'limits.floodSeconds': 2,
        },
        COLLECTOR,
      );
      await using session = await Proc.start('session-state', {
        settings: {
          'nats.servers': [platform.server.url],
          'log.partitions': platform.partitions,
          'log.maxBytes': 512 * 1024 * 1024,
          'lease.ttlMs': 10_000,
        },
        nodeArgs: COLLECTOR,
      });
      const order = orderFor(node);
      {
        await using steady = await SteadyClient.connect(mqttAddress(node));
        const before = { node: await memoryOf(node), session: await memoryOf(session) };
        const honest: number[] = [];
        const hostile: number[] = [];
        const newcomers: number[] = [];
        // Turn and turn about, so that what else the machine does meets both.
        for (const what of ['streams', 'floods'] as const) {
          steady.take();
          const control = attack({ ...order, what: 'honest', ms: PHASE_MS });
          await delay(PHASE_MS);
          honest.push(...steady.take());
          await control;
          steady.take();
          const attacking = attack({ ...order, what, ms: PHASE_MS });
          newcomers.push(...(await connectFor(node, PHASE_MS)));
          hostile.push(...steady.take());
          const { outcomes } = await attacking;
          t.diagnostic(JSON.stringify(outcomes));
          for (const [name, { opened, stuck }] of Object.entries(outcomes)) {
            assert.ok(opened > 0, `${name}: no connection`);
            assert.equal(stuck, 0, `${name}: connections neither answered nor closed`);
          }
        }
        say(t, 'among honest devices', honest);
        say(t, 'among hostile ones', hostile);
        say(t, 'connecting among them', newcomers);
        const allowed = 2 * Math.max(quantile(honest, 0.5), LEAST_MS);
        const median = quantile(hostile, 0.5);
        assert.ok(median <= allowed, `median latency ${median} ms, allowed ${allowed}`);
        assert.ok(quantile(newcomers, 0.5) < 1_000, 'new clients get in');

        await until(async () => (await metric(node, 'tributary_ingress_connections')) === 1, {
          what: 'only the steady client is left',
          timeoutMs: 20_000,
        });
        for (const gauge of [
          'paused_sockets',
          'delivery_pending_bytes',
          'connects_waiting',
          'commits_waiting',
        ]) {
          assert.equal(await metric(node, `tributary_ingress_${gauge}`), 0, gauge);
        }
        assert.equal(await metric(node, 'tributary_ingress_internal_errors_total'), 0);
        await backTo(t, node, before.node);
        await backTo(t, session, before.session);
      }
      assert.equal((await node.stop()).code, 0);
      assert.equal((await session.stop()).code, 0);
    });
  });
}

function orderFor(node: Proc): Omit<AttackOrder, 'what' | 'ms'> {
  const { hostname, port } = new URL(node.endpoint('websocket'));
  return {
    seed: SEED,
    mqtt: { ...mqttAddress(node), localAddress: '127.0.0.1' },
    websocket: { host: hostname, port: Number(port), localAddress: '127.0.0.1' },
  };
}

/** New clients, one after the other. @returns how long each took to get in, in ms */
async function connectFor(node: Proc, ms: number): Promise<number[]> {
  const until = performance.now() + ms;
  const waited: number[] = [];
  while (performance.now() < until) {
    waited.push(await connectAnew(mqttAddress(node), `newcomer-${waited.length}`));
    await delay(50);
  }
  return waited;
}

interface Memory {
  /** Of the JavaScript heap and of buffers. */
  held: number;
  resident: number;
}

async function memoryOf(proc: Proc): Promise<Memory> {
  process.kill(proc.pid, 'SIGUSR2');
  await delay(1_000);
  const heap = await metric(proc, 'nodejs_heap_used_bytes');
  const held = heap + (await metric(proc, 'nodejs_external_memory_bytes'));
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${proc.pid}/status`, 'utf8')) ?? [];
  return { held, resident: Number(kilobytes) * 1_024 };
}

async function backTo(t: TestContext, proc: Proc, before: Memory): Promise<void> {
  let now = before;
  try {
    await until(
      async () => {
        now = await memoryOf(proc);
        return (
          now.held <= before.held + HELD_SLACK_BYTES && now.resident <= before.resident + RESIDENT_SLACK_BYTES
        );
      },
      { what: `${proc.name} holds what it held before`, timeoutMs: 30_000 },
    );
  } finally {
    t.diagnostic(`${proc.name}: ${inWords(before)} before, ${inWords(now)} after`);
  }
}

function inWords({ held, resident }: Memory): string {
  return `${megabytes(held)} MB held and ${megabytes(resident)} MB resident`;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

function say(t: TestContext, what: string, latencies: readonly number[]): void {
  const [median, late] = [0.5, 0.95].map((q) => quantile(latencies, q).toFixed(1));
  t.diagnostic(`${what}: ${latencies.length} times, median ${median} ms, 95 % ${late} ms`);
}
