import { relative } from 'node:path';
import type { RunDescription } from '../platform/run-file.ts';

/** What a user sees when everything runs: where things are, and what to try. */
export function welcome(
  run: RunDescription,
  healthPages: readonly (readonly [name: string, url: string])[],
  runFile: string,
): string[] {
  const { hostname, port } = new URL(run.mqtt);
  const broker = run.kafka[0] ?? '';
  const row = (name: string, value: string) => `  ${name.padEnd(10)} ${value}`;
  const health = healthPages.map(([name, url], i) => row(i === 0 ? 'Health' : '', `${url}  ${name}`));
  return [
    '',
    row('MQTT', run.mqttNodes.join('  ')),
    row('WebSocket', run.websocketNodes.join('  ')),
    row('Kafka', run.kafka.join(',')),
    row('NATS', run.nats),
    ...health,
    row('Mapping', `${shown(run.mapping.file)} (applied again whenever it is saved)`),
    row('Logs', `${shown(run.data)}/logs`),
    row('All of it', shown(runFile)),
    '',
    'Try, in another terminal:',
    `  mosquitto_pub -h ${hostname} -p ${port} -q 1 -t home/kitchen/temperature -m '{"celsius":21.5}'`,
    `  kcat -b ${broker} -t mqtt.messages -C -o beginning -f '%k: %s\\n'`,
    'or replay recorded bus traffic with: npm run demo',
    '',
  ];
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
