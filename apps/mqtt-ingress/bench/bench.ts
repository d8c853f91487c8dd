import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Proc, startNats } from '@tributary/testing';
import { Load } from './load.ts';
import { cpuSeconds } from './process-cost.ts';

/*
 * CPU time of one ingress node per QoS 1 message, against a real nats-server.
 *
 *   node bench/bench.ts --clients 1000 --window 1 --seconds 10 [--payload 256] [--profile DIR] [--rounds 3]
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    window: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    payload: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '3' },
    /** Folder for a CPU profile of the ingress. */
    profile: { type: 'string' },
    /** Another main.ts, to compare with. */
    entry: { type: 'string' },
    /** Options of Node for the ingress, separated by spaces. */
    node: { type: 'string', default: '' },
  },
});

/** CPU time of a fixed piece of work, in ms: how fast the machine is at this moment. */
function calibrate(): number {
  const began = process.cpuUsage();
  const block = Buffer.alloc(1024 * 1024, 7);
  const hash = createHash('sha256');
  const map = new Map<number, string>();
  for (let n = 0; n < 60; n++) hash.update(block);
  for (let n = 0; n < 400_000; n++) map.set((n * 7_919) % 50_000, `value ${n}`);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}

async function envelopes(node: Proc): Promise<{ envelopes: number; rows: number }> {
  const text = await (await node.get('/metrics')).text();
  const sum = (name: string): number =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  return {
    envelopes: sum('tributary_ingress_appended_envelopes_total'),
    rows: sum('tributary_ingress_appended_rows_total'),
  };
}

const nodeArgs = values.node.split(' ').filter((arg) => arg !== '');
if (values.profile) {
  mkdirSync(values.profile, { recursive: true });
  nodeArgs.push('--cpu-prof', `--cpu-prof-dir=${values.profile}`, '--cpu-prof-interval=500');
}
await using server = await startNats();
await using node = await Proc.start('mqtt-ingress', {
  nodeArgs,
  ...(values.entry ? { entry: values.entry } : {}),
  settings: {
    'nats.servers': [server.url],
    'mqtt.port': 0,
    'websocket.port': 0,
    'log.maxBytes': 4 * 1024 * 1024 * 1024,
  },
});
const { hostname, port } = new URL(node.endpoint('mqtt'));
const load = await Load.start({
  host: hostname,
  port: Number(port),
  clients: Number(values.clients),
  window: Number(values.window),
  payloadBytes: Number(values.payload),
});
load.go();
await delay(3_000);
calibrate();
for (let round = 1; round <= Number(values.rounds); round++) {
  const speed = calibrate();
  const before = {
    cpu: cpuSeconds(node.pid),
    nats: cpuSeconds(server.pid),
    own: process.cpuUsage(),
    acknowledged: load.acknowledged,
    at: performance.now(),
    ...(await envelopes(node)),
  };
  await delay(Number(values.seconds) * 1_000);
  const seconds = (performance.now() - before.at) / 1_000;
  const messages = load.acknowledged - before.acknowledged;
  const cpu = cpuSeconds(node.pid);
  const nats = cpuSeconds(server.pid);
  const own = process.cpuUsage(before.own);
  const after = await envelopes(node);
  const perMessage = (s: number): string => ((s * 1e6) / messages).toFixed(2);
  console.log(
    `round ${round}: ${Math.round(messages / seconds)} messages/s; CPU us/message: ` +
      `ingress ${perMessage(cpu.user + cpu.system - before.cpu.user - before.cpu.system)} ` +
      `(user ${perMessage(cpu.user - before.cpu.user)}, system ${perMessage(cpu.system - before.cpu.system)}), ` +
      `nats-server ${perMessage(nats.user + nats.system - before.nats.user - before.nats.system)}, ` +
      `generator ${perMessage((own.user + own.system) / 1e6)}; ` +
      `${((after.rows - before.rows) / (after.envelopes - before.envelopes)).toFixed(1)} rows/envelope; calibration ${Math.round((speed + calibrate()) / 2)} ms`,
  );
}
load.stop();
await node.stop();
