import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RowKind } from '@tributary/contracts';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { Platform, type StoredRow } from './platform.ts';
import { RawClient } from './raw-client.ts';

describe('a will', () => {
  let platform: Platform;
  let node: Proc;
  let other: Proc;

  before(async () => {
    platform = await Platform.start();
    node = await platform.node();
    other = await platform.node();
  });
  after(() => platform[Symbol.asyncDispose]());

  const will = { topic: 'gone', payload: Buffer.from('bye'), qos: 1 as const, retain: true };

  async function connect(clientId: string, version: 4 | 5, at = node): Promise<RawClient> {
    const properties = { contentType: 'text/plain', willDelayInterval: 30 };
    const own = version === 5 ? { ...will, properties } : will;
    return RawClient.connect(at, { clientId, protocolVersion: version, will: own, keepalive: 1 });
  }

  async function rowsOf(clientId: string): Promise<StoredRow[]> {
    return (await platform.rows()).filter(({ row }) => row.clientId === clientId);
  }

  async function published(clientId: string): Promise<StoredRow> {
    const rows = await until(async () => {
      const found = (await rowsOf(clientId)).filter(({ row }) => row.kind === RowKind.will);
      return found.length > 0 && found;
    });
    assert.equal(rows.length, 1);
    const [only] = rows;
    assert.ok(only);
    return only;
  }

  async function notPublished(clientId: string): Promise<void> {
    await delay(300);
    assert.deepEqual(
      (await rowsOf(clientId)).filter(({ row }) => row.kind === RowKind.will),
      [],
    );
  }

  for (const version of [4, 5] as const) {
    describe(`of MQTT version ${version}`, () => {
      it('is published when the connection is lost, after all the device had sent', async () => {
        const clientId = uniqueName('lost');
        const client = await connect(clientId, version);
        client.publish('a', 'last', 1, 1);
        await client.take('puback');
        client.socket.resetAndDestroy();
        const { row } = await published(clientId);
        assert.deepEqual(
          [row.topic, row.payload.toString(), row.qos, row.retain, row.packetId],
          ['gone', 'bye', 1, true, 0],
        );
        const rows = await rowsOf(clientId);
        assert.equal(rows.at(-1)?.row.kind, RowKind.will);
        assert.equal(rows[0]?.row.epoch, row.epoch);
      });

      it('is published when the keep-alive runs out', async () => {
        const clientId = uniqueName('silent');
        using client = await connect(clientId, version);
        await published(clientId);
        await client.untilClosed();
      });

      it('is void after a clean DISCONNECT', async () => {
        const clientId = uniqueName('clean');
        using client = await connect(clientId, version);
        client.send({ cmd: 'disconnect' });
        await client.untilClosed();
        await notPublished(clientId);
      });

      it('is published on takeover, here and from another node', async () => {
        for (const at of [node, other]) {
          const clientId = uniqueName('taken');
          using _old = await connect(clientId, version);
          using _young = await RawClient.connect(at, { clientId });
          await published(clientId);
        }
      });

      it('is published after a protocol error', async () => {
        const clientId = uniqueName('error');
        using client = await connect(clientId, version);
        client.sendConnect({ clientId });
        await published(clientId);
      });
    });
  }

  it('carries its properties, but not its delay', async () => {
    const clientId = uniqueName('props');
    const client = await connect(clientId, 5);
    client.socket.resetAndDestroy();
    const { row } = await published(clientId);
    assert.deepEqual([...row.properties], [0x03, 0, 10, ...Buffer.from('text/plain')]);
  });

  it('is published when an MQTT 5 device asks for it in its DISCONNECT', async () => {
    const clientId = uniqueName('asked');
    using client = await connect(clientId, 5);
    client.send({ cmd: 'disconnect', reasonCode: 4 });
    await published(clientId);
  });

  it('is published when the node goes down, and devices are told', async () => {
    const leaving = await platform.node();
    const clientId = uniqueName('shutdown');
    const will5 = { ...will, properties: {} };
    using client = await RawClient.connect(leaving, { clientId, protocolVersion: 5, will: will5 });
    client.publish('a', 'last', 1, 1);
    await client.take('puback');
    const exit = await leaving.stop();
    assert.equal(exit.code, 0);
    assert.equal((await client.take('disconnect')).reasonCode, 0x8b);
    await published(clientId);
    const rows = await rowsOf(clientId);
    assert.equal(rows.length, 2);
  });
});
