import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { decodePublishProperties, RowKind } from '@tributary/contracts';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { metric, Platform, type StoredRow } from './platform.ts';
import { publishPacket, RawClient } from './raw-client.ts';

describe('publishing', () => {
  let platform: Platform;
  let node: Proc;

  before(async () => {
    platform = await Platform.start();
    node = await platform.node({ 'lease.ttlMs': 60_000 });
  });
  after(() => platform[Symbol.asyncDispose]());

  async function rowsOf(clientId: string): Promise<StoredRow[]> {
    return (await platform.rows()).filter(({ row }) => row.clientId === clientId);
  }

  it('keeps what a device sent, field by field', async () => {
    const clientId = uniqueName('fields');
    const client = await connectAsync(node.endpoint('mqtt'), {
      clientId,
      protocolVersion: 5,
      username: 'meter',
    });
    const before = Date.now();
    await client.publishAsync('meters/ä/1', Buffer.from([0, 255, 7]), {
      qos: 1,
      retain: true,
      properties: { messageExpiryInterval: 60, contentType: 'x/y', userProperties: { a: ['1', '2'] } },
    });
    const [stored] = await rowsOf(clientId);
    assert.ok(stored);
    const { row } = stored;
    assert.equal(row.kind, RowKind.publish);
    assert.equal(row.topic, 'meters/ä/1');
    assert.deepEqual([...row.payload], [0, 255, 7]);
    assert.deepEqual([row.qos, row.retain, row.dup, row.protocolVersion], [1, true, false, 5]);
    assert.equal(row.username, 'meter');
    assert.ok(row.epoch > 0 && row.sessionId.length > 0);
    assert.ok(row.receivedMs >= before && row.receivedMs <= Date.now());
    assert.deepEqual(decodePublishProperties(row.properties), {
      messageExpiry: 60,
      contentType: 'x/y',
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ],
    });
    await client.endAsync();
  });

  it('acknowledges QoS 1 and 2 after the append and not before', async () => {
    const clientId = uniqueName('after');
    using client = await RawClient.connect(node, { clientId });
    platform.server.pause();
    client.publish('a', '1', 1, 1);
    client.publish('a', '2', 2, 2);
    await delay(400);
    assert.deepEqual(client.received, [], 'nothing is acknowledged while the log is away');
    platform.server.resume();
    assert.equal((await client.take('puback')).messageId, 1);
    assert.equal((await client.take('pubrec')).messageId, 2);
    const rows = await rowsOf(clientId);
    assert.deepEqual(
      rows.map(({ row }) => row.payload.toString()),
      ['1', '2'],
    );
  });

  for (const version of [3, 4, 5] as const) {
    it(`acknowledges in order and stores in order, MQTT version ${version}`, async () => {
      const clientId = uniqueName('order');
      using client = await RawClient.connect(node, { clientId, protocolVersion: version });
      const total = 2_000;
      const window = 200;
      const acknowledged: number[] = [];
      for (let sent = 0; sent < total; sent += window) {
        const burst = Array.from({ length: window }, (_, n) =>
          publishPacket('order', String(sent + n), 1, sent + n + 1),
        );
        client.sendAll(burst);
        await until(() => client.received.length === window, {
          intervalMs: 1,
          what: 'the window is answered',
        });
        for (const packet of client.received.splice(0)) acknowledged.push(packet.messageId ?? 0);
      }
      const expected = Array.from({ length: total }, (_, n) => n + 1);
      assert.deepEqual(acknowledged, expected);
      const rows = await rowsOf(clientId);
      assert.deepEqual(
        rows.map(({ row }) => Number(row.payload.toString()) + 1),
        expected,
      );
      assert.ok(rows.every(({ partition }) => partition === rows[0]?.partition));
    });
  }

  it('stores a QoS 2 message once, however often it is sent, and its release', async () => {
    const clientId = uniqueName('twice');
    using client = await RawClient.connect(node, { clientId });
    client.publish('q2', 'x', 2, 7);
    await client.take('pubrec');
    client.publish('q2', 'x', 2, 7, { dup: true });
    await client.take('pubrec');
    // Not marked as a duplicate: the id is in use all the same.
    client.publish('q2', 'x', 2, 7);
    await client.take('pubrec');
    client.send({ cmd: 'pubrel', messageId: 7 });
    assert.equal((await client.take('pubcomp')).messageId, 7);
    // The id is free again: another message.
    client.publish('q2', 'y', 2, 7);
    await client.take('pubrec');
    const rows = await rowsOf(clientId);
    assert.deepEqual(
      rows.map(({ row }) => [row.kind, row.packetId, row.payload.toString()]),
      [
        [RowKind.publish, 7, 'x'],
        [RowKind.release, 7, ''],
        [RowKind.publish, 7, 'y'],
      ],
    );
    assert.equal(await metric(node, 'tributary_ingress_repeated_total'), 2);
  });

  it('repeats in one burst are stored once and answered in order', async () => {
    const clientId = uniqueName('burst');
    using client = await RawClient.connect(node, { clientId });
    const again = publishPacket('q2', 'x', 2, 9, { dup: true });
    client.sendAll([publishPacket('q2', 'x', 2, 9), again, publishPacket('q1', 'z', 1, 10), again]);
    await client.take('puback');
    client.send({ cmd: 'pubrel', messageId: 9 });
    await client.take('pubcomp');
    const rows = await rowsOf(clientId);
    assert.deepEqual(
      rows.map(({ row }) => [row.kind, row.payload.toString()]),
      [
        [RowKind.publish, 'x'],
        [RowKind.publish, 'z'],
        [RowKind.release, ''],
      ],
    );
  });

  it('answers a PUBREL for an id it does not know', async () => {
    using client = await RawClient.connect(node, { clientId: uniqueName('rel'), protocolVersion: 5 });
    client.send({ cmd: 'pubrel', messageId: 99 });
    assert.equal((await client.take('pubcomp')).reasonCode, 0x92);
  });

  it('mixes QoS 0, 1 and 2 in one order', async () => {
    const clientId = uniqueName('mixed');
    const client = await connectAsync(node.endpoint('mqtt'), { clientId });
    const done = Array.from({ length: 300 }, (_, n) =>
      client.publishAsync('mixed', String(n), { qos: (n % 3) as 0 | 1 | 2 }),
    );
    await Promise.all(done);
    const rows = (await rowsOf(clientId)).filter(({ row }) => row.kind === RowKind.publish);
    assert.deepEqual(
      rows.map(({ row }) => Number(row.payload.toString())),
      Array.from({ length: 300 }, (_, n) => n),
    );
    await client.endAsync();
  });

  it('refuses topics that are not for clients, in order, and stores nothing', async () => {
    const clientId = uniqueName('sys');
    using client = await RawClient.connect(node, { clientId, protocolVersion: 5 });
    client.sendAll([
      publishPacket('fine', '1', 1, 1),
      publishPacket('$SYS/x', '2', 1, 2),
      publishPacket('$share/g/x', '3', 2, 3),
      publishPacket('$SYS/x', '4', 0, 0),
      publishPacket('$other', '5', 1, 4),
    ]);
    await until(() => client.received.length === 4);
    assert.deepEqual(
      client.received.map((packet) => [
        packet.cmd,
        packet.messageId,
        'reasonCode' in packet && packet.reasonCode,
      ]),
      [
        ['puback', 1, 0],
        ['puback', 2, 0x90],
        ['pubrec', 3, 0x90],
        ['puback', 4, 0],
      ],
    );
    const rows = await rowsOf(clientId);
    assert.deepEqual(
      rows.map(({ row }) => row.topic),
      ['fine', '$other'],
    );
    using old = await RawClient.connect(node, { clientId: uniqueName('sys') });
    old.publish('$SYS/x', '1', 1, 1);
    await old.untilClosed();
    assert.deepEqual(old.received, [], 'MQTT 3.1.1 has no way to refuse but to close');
  });

  it('takes a packet as large as announced and no larger one', async () => {
    const clientId = uniqueName('large');
    const client = new RawClient(node, 5);
    client.sendConnect({ clientId });
    const connack = await client.take('connack');
    const limit = connack.properties?.maximumPacketSize ?? 0;
    assert.equal(limit, 1024 * 1024 - 64 * 1024);
    // Fixed header 4, topic 2 + 5, packet id 2, property length 1.
    client.publish('large', Buffer.alloc(limit - 14, 1), 1, 1);
    assert.equal((await client.take('puback')).reasonCode, 0);
    client.publish('large', Buffer.alloc(limit - 13, 1), 1, 2);
    assert.equal((await client.take('disconnect')).reasonCode, 0x95);
    const rows = await rowsOf(clientId);
    assert.deepEqual(
      rows.map(({ row }) => row.payload.length),
      [limit - 14],
    );
  });

  it('works over WebSocket as over TCP', async () => {
    const clientId = uniqueName('ws');
    const client = await connectAsync(node.endpoint('websocket'), { clientId });
    for (let n = 0; n < 100; n++) await client.publishAsync('ws', String(n), { qos: n % 2 === 0 ? 1 : 2 });
    const rows = (await rowsOf(clientId)).filter(({ row }) => row.kind === RowKind.publish);
    assert.deepEqual(
      rows.map(({ row }) => Number(row.payload.toString())),
      Array.from({ length: 100 }, (_, n) => n),
    );
    assert.equal(await metric(node, 'tributary_ingress_connections', 'websocket'), 1);
    await client.endAsync();
  });
});
