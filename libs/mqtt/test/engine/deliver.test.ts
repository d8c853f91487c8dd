import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import { OutboundWindow, publishWireBytes, type OutboundPublish, type WindowMessage } from '../../src/mod.ts';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

function delivery(more: Partial<OutboundPublish> = {}): OutboundPublish {
  return {
    topic: 'a/b',
    payload: Buffer.from('x'),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 1,
    properties: Buffer.alloc(0),
    subscriptionIdentifiers: [],
    ...more,
  };
}

engineTest(
  'deliveries carry what the host says: packet id, retain, dup, every identifier, properties in order',
  async (start) => {
    await using fixture = await start();
    const client = await fixture.client({ version: 5 });
    const block = Buffer.concat([
      p.userProperty('z', '1'),
      p.userProperty('a', ''),
      p.userProperty('z', '2'),
    ]);
    const [connection] = fixture.host.connections;
    // An exact QoS 0 subscription does not lower what the host delivers.
    client.send(p.subscribe(1, [['a/b', 0]], p.properties()));
    assert.equal(await client.nextHex(), '90 00010000');
    connection?.deliver(
      delivery({
        qos: 2,
        packetId: 777,
        retain: true,
        dup: true,
        properties: block,
        subscriptionIdentifiers: [5, 200],
      }),
    );
    const length = (block.length + 5).toString(16).padStart(2, '0');
    assert.equal(await client.nextHex(), `3d 0003612f620309${length}${block.toString('hex')}0b050bc80178`);
    client.destroy();
  },
);

engineTest("the QoS 2 flow is the host's: PUBREL leaves when it says so", async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  for (const version of [4, 5] as const) {
    host.acknowledgements.length = 0;
    const client = await fixture.client({ version });
    const connection = host.connections.at(-1);
    connection?.deliver(delivery({ qos: 2, packetId: 9 }));
    await client.next();
    client.send(p.pubrec(9), p.pingreq);
    assert.equal(await client.nextHex(), 'd0');
    await host.until(() => host.acknowledgements.length === 1, 'pubrec');
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(client.received, [], 'no PUBREL yet');
    connection?.release(9);
    assert.equal(await client.nextHex(), '62 0009');
    client.send(p.pubcomp(9));
    await host.until(() => host.acknowledgements.length === 2, 'pubcomp');
    assert.deepEqual(host.acknowledgements, ['pubrec 9 0', 'pubcomp 9 0']);
    client.destroy();
  }
});

engineTest('acknowledgements of MQTT 5 bring their reasons', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const client = await fixture.client({ version: 5 });
  client.send(
    p.puback(1, 0x10),
    p.puback(2, 0x87, 4, 0x1f, 0, 1, 0x78),
    p.pubrec(3, 0x97),
    p.pubcomp(4, 0x92),
  );
  await host.until(() => host.acknowledgements.length === 4, 'acknowledgements');
  assert.deepEqual(host.acknowledgements, ['puback 1 16', 'puback 2 135', 'pubrec 3 151', 'pubcomp 4 146']);
  client.destroy();
});

interface Message extends WindowMessage {
  publish: OutboundPublish;
}

engineTest(
  'MQTT.js receives through an OutboundWindow, within its Receive Maximum and packet size',
  async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    host.answering = false;
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${fixture.port}`, {
      protocolVersion: 5,
      reconnectPeriod: 0,
      properties: { receiveMaximum: 3, maximumPacketSize: 100 },
    });
    const [connection] = host.connections;
    const [request] = host.connects;
    assert.ok(connection !== undefined && request !== undefined);
    const window = new OutboundWindow<Message>(
      {
        receiveMaximum: request.receiveMaximum,
        maximumPacketSize: request.maximumPacketSize,
        maxQueued: 1000,
        maxQueuedBytes: 1e6,
      },
      () => assert.fail('nothing expires'),
    );
    let most = 0;
    const pump = (): void => {
      for (let next = window.next(0); next !== null; next = window.next(0)) {
        most = Math.max(most, window.inFlight);
        connection.deliver({ ...next.message.publish, packetId: next.packetId });
      }
    };
    host.acknowledged = (_connection, packetId, stage, reason) => {
      const settled = window.settle(packetId, stage as 'puback', reason);
      if (settled.outcome === 'received') {
        window.release(packetId);
        connection.release(packetId);
      }
      pump();
    };
    const seen: string[] = [];
    const all = new Promise<void>((resolve) => {
      client.on('message', (_topic, payload) => {
        seen.push(payload.toString());
        if (seen.length === 200) resolve();
      });
    });
    let tooLarge = 0;
    for (let index = 0; index < 202; index++) {
      const publish = delivery({
        qos: index % 2 === 0 ? 1 : 2,
        payload: Buffer.from(index > 199 ? 'x'.repeat(100) : `${index}`),
      });
      const offer = window.offer(
        {
          qos: publish.qos,
          bytes: publishWireBytes(5, publish),
          expiresAt: 0,
          counter: 0,
          packetId: 0,
          publish,
        },
        0,
      );
      if (offer === 'too-large') tooLarge++;
    }
    pump();
    await all;
    assert.equal(tooLarge, 2);
    assert.equal(most, 3);
    assert.equal(seen.length, 200);
    await client.endAsync();
  },
);

engineTest(
  'deliver says when to wait, drained when to go on, and a client that never reads is cut off',
  async (start) => {
    await using fixture = await start({ writeTimeoutMs: 1500 });
    const { host } = fixture;
    const client = await fixture.client({ version: 5 });
    client.socket.pause();
    const [connection] = host.connections;
    const payload = Buffer.alloc(64 * 1024);
    const fill = async (): Promise<number> => {
      for (let sent = 1; sent < 10_000; sent++) {
        if (connection?.deliver(delivery({ payload })) === false) return sent;
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error('never full');
    };
    const sent = await fill();
    client.socket.resume();
    await host.until(() => host.drains === 1, 'drained');
    const received = await client.hexes(sent);
    assert.equal(received.length, sent);
    client.socket.pause();
    await fill();
    await host.until(() => host.closures.length === 1, 'closure');
    assert.deepEqual(
      [host.closures[0]?.kind, host.closures[0]?.detail],
      ['server', 'the client stopped reading'],
    );
    assert.equal(fixture.engine.counters.writeTimeouts, 1);
    client.destroy();
  },
);
