import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { freePort } from '@tributary/testing';
import { portsFor, requireFree, type Ports } from '../../src/platform/ports.ts';

function all(ports: Ports): number[] {
  const { nats, natsMonitor, kafka, kafkaController, ingress } = ports;
  const { controlPlane, sessionState, topicMapper, kafkaEgress } = ports;
  const services = [...ingress, controlPlane, sessionState, topicMapper, kafkaEgress];
  return [
    ...[nats, natsMonitor, kafka, kafkaController],
    ...services.flatMap(({ http, grpc }) => [http, grpc]),
    ...ingress.flatMap(({ mqtt, websocket }) => [mqtt, websocket]),
  ];
}

test('the ports that people know', () => {
  const { nats, kafka, ingress } = portsFor(0, 1);
  assert.deepEqual([nats, kafka, ingress[0]?.mqtt, ingress[0]?.websocket], [4222, 9092, 1883, 8083]);
});

test('no port is used twice, and platforms 1 or 1000 apart have none in common', () => {
  assert.equal(new Set(all(portsFor(0, 10))).size, all(portsFor(0, 10)).length);
  const three = [0, 1, 1000].flatMap((offset) => all(portsFor(offset, 1)));
  assert.equal(new Set(three).size, three.length);
});

test('every port that is taken is named with what needs it', async () => {
  const [free, taken, other] = [await freePort(), await freePort(), await freePort()];
  const host = '127.0.0.1';
  const servers = [taken, other].map((port) => createServer().listen(port, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  await requireFree([{ what: 'MQTT', host, port: free }]);
  await assert.rejects(
    requireFree([
      { what: 'MQTT', host, port: free },
      { what: 'Kafka', host, port: taken },
      { what: 'NATS', host, port: other },
    ]),
    {
      code: 'ports-taken',
      message:
        `These ports are taken by other processes:\n  127.0.0.1:${taken}  Kafka\n  127.0.0.1:${other}  NATS\n` +
        'Stop what listens there, or move this platform away with --port-offset 1000.',
    },
  );
  for (const server of servers) server.close();
});
