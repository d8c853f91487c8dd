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
const HONEST_MS = 5_000;
const HOSTILE_MS = 12_000;
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
        const honest = await attack({ ...order, what: 'honest', ms: HONEST_MS });
        const control = steady.take();
        const before = { node: await memoryOf(node), session: await memoryOf(session) };
        steady.take();

        const ended = new AbortController();
        const newcomers = connectAgainAndAgain(node, ended.signal);
        const reports = Promise.all([
          attack({ ...order, what: 'streams', ms: HOSTILE_MS }),
          attack({ ...order, what: 'floods', ms: HOSTILE_MS }),
        ]);
        await delay(HOSTILE_MS);
        const attacked = steady.take();
        ended.abort();
        const waited = await newcomers;
        const [streams, floods] = await reports;
        const outcomes = { ...streams.outcomes, ...floods.outcomes };
        say(t, 'honest', control, { published: honest.published });
        say(t, 'hostile', attacked, outcomes);
        say(t, 'connecting meanwhile', waited, {});

        for (const [name, { opened, stuck }] of Object.entries(outcomes)) {
          assert.ok(opened > 0, `${name}: no connection`);
          assert.equal(stuck, 0, `${name}: connections neither answered nor closed`);
        }
        const allowed = 2 * Math.max(quantile(control, 0.5), LEAST_MS);
        assert.ok(
          quantile(attacked, 0.5) <= allowed,
          `median latency ${quantile(attacked, 0.5)} ms, allowed ${allowed}`,
        );
        assert.ok(quantile(waited, 0.95) < 1_000, 'new clients get in');

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

async function connectAgainAndAgain(node: Proc, signal: AbortSignal): Promise<number[]> {
  const waited: number[] = [];
  for (let n = 0; !signal.aborted; n++) {
    waited.push(await connectAnew(mqttAddress(node), `newcomer-${n}`));
    await delay(50);
  }
  return waited.sort((a, b) => a - b);
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

function say(t: TestContext, what: string, sorted: readonly number[], more: object): void {
  const [median, late] = [0.5, 0.95].map((q) => quantile(sorted, q).toFixed(1));
  t.diagnostic(
    `${what}: ${sorted.length} times, median ${median} ms, 95 % ${late} ms ${JSON.stringify(more)}`,
  );
}
