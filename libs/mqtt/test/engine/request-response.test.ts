import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import { matchesTopic } from '../../src/mod.ts';
import { engineTest, type RecordingHost } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

const RESPONSE_INFORMATION = 0x1a;

/** What is configured, what CONNECT asks for, whether CONNACK tells. */
const asked: [configured: string, version: 4 | 5, block: number[], told: boolean][] = [
  ['response/', 5, [0x19, 1], true],
  ['response/', 5, [0x19, 0], false],
  ['response/', 5, [], false],
  ['', 5, [0x19, 1], false],
  ['response/', 4, [], false],
];

engineTest('Response Information is told to clients that ask for it (3.2.2.3.14)', async (start) => {
  for (const [responseInformation, version, block, told] of asked) {
    await using fixture = await start({ responseInformation });
    const client = await fixture.client();
    const connack = await client.send(p.connect({ version, properties: p.properties(block) })).next();
    const property = Buffer.concat([Buffer.from([RESPONSE_INFORMATION]), p.string('response/')]);
    assert.equal(
      connack?.body.includes(property),
      told,
      `'${responseInformation}' ${version} ${block.join()}`,
    );
    if (!told) assert.equal(connack?.body.includes(RESPONSE_INFORMATION), false);
    client.destroy();
  }
});

engineTest('Response Information must be the beginning of a topic', async (start) => {
  await assert.rejects(start({ responseInformation: 'response/#' }), /responseInformation: .*wildcard/);
});

/** Delivers everything to everybody who subscribed to it, properties untouched. */
function route(host: RecordingHost): void {
  host.onPublish = (publish) => {
    for (const [index, { subscriptions }] of host.subscribes.entries()) {
      if (!subscriptions.some(({ filter }) => matchesTopic(filter, publish.topic))) continue;
      host.connections[index]?.deliver({ ...publish, qos: 0, packetId: 0, subscriptionIdentifiers: [] });
    }
  };
}

engineTest('a request is answered on its Response Topic with its Correlation Data', async (start) => {
  await using fixture = await start({ responseInformation: 'response/' });
  route(fixture.host);
  const options = { protocolVersion: 5, reconnectPeriod: 0 } as const;
  const url = `mqtt://127.0.0.1:${fixture.port}`;
  const responder = await mqtt.connectAsync(url, { ...options, clientId: 'responder' });
  await responder.subscribeAsync('request/+');
  const requester = mqtt.connect(url, {
    ...options,
    clientId: 'requester',
    properties: { requestResponseInformation: true },
  });
  const connack = await new Promise<mqtt.IConnackPacket>((resolve) => requester.once('connect', resolve));
  const topic = `${connack.properties?.responseInformation}requester`;
  assert.equal(topic, 'response/requester');
  await requester.subscribeAsync(topic);
  responder.on('message', (_topic, payload, { properties }) => {
    assert.ok(properties?.responseTopic);
    responder.publish(properties.responseTopic, `re: ${payload.toString()}`, {
      properties: {
        correlationData: properties.correlationData ?? Buffer.alloc(0),
        userProperties: properties.userProperties ?? {},
      },
    });
  });
  const correlationData = Buffer.from([0, 1, 255]);
  const answer = new Promise<{ text: string; packet: mqtt.IPublishPacket }>((resolve) =>
    requester.once('message', (_topic, payload, packet) => resolve({ text: payload.toString(), packet })),
  );
  requester.publish('request/1', 'how much?', {
    properties: { responseTopic: topic, correlationData, userProperties: { a: ['1', '2'] } },
  });
  const { text, packet } = await answer;
  assert.equal(text, 're: how much?');
  assert.deepEqual(packet.properties?.correlationData, correlationData);
  assert.deepEqual({ ...packet.properties.userProperties }, { a: ['1', '2'] });
  await Promise.all([requester.endAsync(), responder.endAsync()]);
});
