import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createAedesEngine, listenTcp, type EngineConnection, type EngineHost } from '../src/mod.ts';

/**
 * CPU microseconds the engine's process spends per PUBLISH, from the socket to the PUBACK's system call, with a host
 * that acknowledges at once (or, with `--ack batched`, all that arrived in a turn at its end, as after an append).
 *
 *     node bench/publish.ts [--seconds 5] [--payload 256] [--ack at-once|batched]
 */
const option = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
};
const seconds = Number(option('seconds', '5'));
const payload = Number(option('payload', '256'));
const batched = option('ack', 'at-once') === 'batched';

const scenarios = [
  { name: 'QoS 0, 1 client, pipelined', clients: 1, qos: 0, window: 0, version: 4 },
  { name: 'QoS 0, 1 client, pipelined', clients: 1, qos: 0, window: 0, version: 5 },
  { name: 'QoS 1, 8 clients, 100 in flight', clients: 8, qos: 1, window: 100, version: 4 },
  { name: 'QoS 1, 8 clients, 100 in flight', clients: 8, qos: 1, window: 100, version: 5 },
  { name: 'QoS 1, 1,000 clients, 20 in flight', clients: 1000, qos: 1, window: 20, version: 4 },
  { name: 'QoS 1, 1,000 clients, 1 in flight', clients: 1000, qos: 1, window: 1, version: 4 },
  { name: 'QoS 1, 1,000 clients, 1 in flight', clients: 1000, qos: 1, window: 1, version: 5 },
] as const;

let received = 0;
let waiting: [EngineConnection, number][] = [];

function answer(connection: EngineConnection, packetId: number): void {
  if (!batched) {
    connection.acknowledge(packetId, 1, 0);
    return;
  }
  if (waiting.length === 0) {
    setImmediate(() => {
      const turn = waiting;
      waiting = [];
      for (const [to, id] of turn) to.acknowledge(id, 1, 0);
    });
  }
  waiting.push([connection, packetId]);
}

const host: EngineHost = {
  connect: () => Promise.resolve({ accept: true }),
  publish(connection, publish) {
    received++;
    if (publish.qos === 1) answer(connection, publish.packetId);
  },
  release() {},
  authenticate: () => Promise.resolve({ accept: true }),
  subscribe() {},
  unsubscribe() {},
  acknowledged() {},
  drained() {},
  closed() {},
};

const only = option('only', '');
for (const scenario of scenarios) {
  if (only !== '' && !`${scenario.name} v${scenario.version}`.includes(only)) continue;
  const engine = await createAedesEngine(host, { report: console.error });
  const listener = await listenTcp(engine, { port: 0 });
  const load = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('load.ts', import.meta.url)),
      JSON.stringify({ ...scenario, payload, port: listener.port }),
    ],
    { stdio: 'inherit' },
  );
  await pause(2500);
  const before = { received, cpu: process.cpuUsage(), at: performance.now() };
  await pause(seconds * 1000);
  const cpu = process.cpuUsage(before.cpu);
  const count = received - before.received;
  const rate = (count / (performance.now() - before.at)) * 1000;
  const each = (cpu.user + cpu.system) / count;
  console.log(
    `${scenario.name.padEnd(36)} v${scenario.version}  ${each.toFixed(2).padStart(6)} us  ${Math.round(rate)}/s`,
  );
  load.kill();
  await listener.close();
  await engine.close();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
