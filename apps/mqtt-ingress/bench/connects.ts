import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Proc, startNats, until } from '@tributary/testing';
import { Load } from './load.ts';
import { cpuSeconds, residentBytes } from './process-cost.ts';

/*
 * What connections cost an ingress node: CPU time per CONNECT and per end, memory of an idle one.
 *
 *   node bench/connects.ts --clients 5000
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    /** Another main.ts, to compare with. */
    entry: { type: 'string' },
  },
});
const clients = Number(values.clients);

await using server = await startNats();
await using node = await Proc.start('mqtt-ingress', {
  ...(values.entry ? { entry: values.entry } : {}),
  settings: {
    'nats.servers': [server.url],
    'mqtt.port': 0,
    'websocket.port': 0,
    'limits.connectsPerSecond': 0,
  },
});
const { hostname: host, port } = new URL(node.endpoint('mqtt'));

async function connected(): Promise<number> {
  const text = await (await node.get('/metrics')).text();
  return Number(/tributary_ingress_connections\{transport="tcp"\} (\d+)/.exec(text)?.[1] ?? -1);
}

function spent(): number {
  const { user, system } = cpuSeconds(node.pid);
  return user + system;
}

for (let round = 1; round <= Number(values.rounds); round++) {
  const start = { cpu: spent(), rss: residentBytes(node.pid), at: performance.now() };
  const load = await Load.start({ host, port: Number(port), clients, window: 1, payloadBytes: 1 });
  const connects = spent() - start.cpu;
  const seconds = (performance.now() - start.at) / 1_000;
  await delay(3_000);
  const rss = residentBytes(node.pid) - start.rss;
  const before = spent();
  load.stop();
  await until(async () => (await connected()) === 0, { timeoutMs: 60_000, intervalMs: 200 });
  await delay(1_000);
  console.log(
    `round ${round}: ${Math.round(clients / seconds)} CONNECTs/s, ${((connects * 1e6) / clients).toFixed(0)} CPU us each, ` +
      `end ${(((spent() - before) * 1e6) / clients).toFixed(0)} CPU us; RSS grew by ${(rss / clients / 1_024).toFixed(1)} KiB per connection`,
  );
}
await node.stop();
