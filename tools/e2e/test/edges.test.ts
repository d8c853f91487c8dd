import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectAsync } from 'mqtt';
import { DeadLetterServiceClient } from '@tributary/contracts/control/dead-letters';
import { connectNats } from '@tributary/log';
import { uniqueName, until } from '@tributary/testing';
import { Platform } from '../src/platform.ts';

const topic = uniqueName('edges');

const MAPPING = `
version: 1
clusters:
  main:
    brokers: ['\${env:KAFKA_BROKERS}']
    createTopics: { partitions: 1, replication: 1 }
routes:
  - name: edges
    from: { mqtt: 'edges/{device}' }
    ack: kafka
    to:
      kafka: ${topic}
      key: \${payload.id}
`;

/** The subjects and buckets that ARCHITECTURE.md names under "Edges between services". */
function documented(): { subjects: string[]; buckets: string[] } {
  const page = readFileSync(new URL('../../../ARCHITECTURE.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('## Edges between services'), page.indexOf('## Layout'));
  const names = [...section.matchAll(/`(trib[.-][^`]+)`/g)].map(([, name]) => name ?? '');
  return {
    subjects: names.filter((name) => name.startsWith('trib.')),
    buckets: names.filter((name) => name.startsWith('trib-')),
  };
}

const pattern = (subject: string): RegExp =>
  new RegExp(`^${subject.replaceAll('.', '\\.').replaceAll(/<[^>]+>/g, '[^.]+')}$`);

it('services talk to each other over the documented edges, all of them and no others', async () => {
  await using platform = await Platform.start({ ingress: 2, mapping: MAPPING });
  const nats = await connectNats({ servers: [platform.nats.url], name: 'observer' });
  const seen = new Set<string>();
  nats.subscribe('trib.>', { callback: (_, message) => void seen.add(message.subject) });
  await nats.flush();

  const options = { protocolVersion: 5, reconnectPeriod: 0 } as const;
  const subscriber = await connectAsync(platform.mqtt(0), options);
  await subscriber.subscribeAsync('edges/#', { qos: 1 });
  const publisher = await connectAsync(platform.mqtt(1), { ...options, clientId: 'edges-publisher' });
  await publisher.publishAsync('edges/a', '{"id":"a"}', { qos: 1 });
  await publisher.publishAsync('edges/a', 'not JSON: a dead letter', { qos: 2 });
  // The same client on the other node: a takeover.
  const successor = await connectAsync(platform.mqtt(0), { ...options, clientId: 'edges-publisher' });
  // A session that outlives its connection has a queue.
  const lasting = { ...options, clientId: 'edges-lasting', properties: { sessionExpiryInterval: 60 } };
  const sleeper = await connectAsync(platform.mqtt(0), lasting);
  await sleeper.subscribeAsync('edges/#', { qos: 1 });

  // The letter is replayed, and fails as before.
  const letters = new DeadLetterServiceClient(
    platform.service('control-plane').endpoint('grpc'),
    credentials.createInsecure(),
  );
  const everything = { cluster: 'main', filter: { route: '', code: '' }, after: 0, limit: 0 };
  await until(
    () =>
      new Promise<boolean>((resolve, reject) => {
        letters.replayDeadLetters(everything, (error, answer) =>
          error ? reject(error) : resolve(answer.requested > 0),
        );
      }),
    { timeoutMs: 30_000, what: 'a letter to be replayed' },
  );
  letters.close();

  const { subjects, buckets } = documented();
  const missing = (): string[] =>
    subjects.filter((subject) => ![...seen].some((name) => pattern(subject).test(name)));
  await until(() => missing().length === 0, { timeoutMs: 30_000, what: `edges ${missing().join(', ')}` });
  await delay(500);
  const unknown = [...seen].filter((name) => !subjects.some((subject) => pattern(subject).test(name)));
  assert.deepEqual(unknown, [], 'subjects that ARCHITECTURE.md does not name');

  const manager = await jetstreamManager(nats);
  const found: string[] = [];
  for await (const { config } of manager.streams.list()) {
    if (config.name.startsWith('KV_')) found.push(config.name.slice('KV_'.length));
  }
  assert.deepEqual(found.sort(), buckets.sort());

  await Promise.all([subscriber, publisher, successor, sleeper].map((client) => client.endAsync(true)));
  await nats.close();
});
