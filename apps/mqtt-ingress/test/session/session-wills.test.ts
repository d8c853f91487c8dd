import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { IConnectPacket } from 'mqtt-packet';
import { RowKind } from '@tributary/contracts';
import { evictMember } from '@tributary/log';
import { uniqueName, until } from '@tributary/testing';
import { lasting, SessionsFixture } from './sessions-fixture.ts';

for (const engine of ['aedes', 'native'] as const) {
  describe(`the will of a session that outlives its connection, engine ${engine}`, () => {
    let fixture: SessionsFixture;

    before(async () => {
      fixture = await SessionsFixture.start(engine);
    });
    after(() => fixture[Symbol.asyncDispose]());
    beforeEach(() => fixture.begin());

    const will = (seconds: number): Partial<IConnectPacket> => ({
      will: {
        topic: 'gone',
        payload: Buffer.from('bye'),
        qos: 1,
        retain: false,
        properties: { willDelayInterval: seconds },
      },
    });
    const wills = async (clientId: string): Promise<number[]> =>
      (await fixture.rowsOf(clientId))
        .filter(({ row }) => row.kind === RowKind.will)
        .map(({ row }) => row.epoch);

    it('keeps its will until it is due, and the client that comes back makes it void', async () => {
      const clientId = uniqueName('will');
      const { client } = await fixture.connect(fixture.first, lasting(clientId, 60, will(30)));
      client.socket.resetAndDestroy();
      const left = await until(async () => {
        const now = await fixture.record(clientId);
        return now?.ended && now;
      });
      assert.deepEqual([left.will?.topic, left.will?.delay], ['gone', 30]);
      const back = await fixture.connect(fixture.second, lasting(clientId));
      assert.equal((await fixture.record(clientId))?.will, undefined);
      back.client.send({ cmd: 'disconnect' });
      await back.client.untilClosed();
      assert.deepEqual(await wills(clientId), []);
    });

    it('has its will published by a clean start, with the epoch it belongs to', async () => {
      const clientId = uniqueName('will');
      const { client } = await fixture.connect(fixture.first, lasting(clientId, 60, will(30)));
      const before = await fixture.record(clientId);
      client.socket.resetAndDestroy();
      await until(async () => (await fixture.record(clientId))?.ended);
      const clean = await fixture.connect(fixture.second, { clientId, protocolVersion: 5, clean: true });
      assert.deepEqual(await wills(clientId), [before?.revision], 'before CONNACK');
      clean.client[Symbol.dispose]();
    });

    it('has no will left after a clean DISCONNECT, nor after it was published', async () => {
      const clean = uniqueName('will');
      const one = await fixture.connect(fixture.first, lasting(clean, 60, will(0)));
      one.client.send({ cmd: 'disconnect' });
      await one.client.untilClosed();
      const left = await fixture.record(clean);
      assert.ok(left?.ended && left.will === undefined);
      const lost = uniqueName('will');
      const two = await fixture.connect(fixture.first, lasting(lost, 60, will(0)));
      const before = await fixture.record(lost);
      two.client.socket.resetAndDestroy();
      await until(async () => {
        const now = await fixture.record(lost);
        return now?.ended && now.will === undefined;
      });
      assert.deepEqual(await wills(lost), [before?.revision]);
      assert.deepEqual(await wills(clean), []);
    });

    it('is left to others by a node that loses its lease', async () => {
      const third = await fixture.platform.node({ 'service.instance': 'third', 'mqtt.engine': engine });
      const clientId = uniqueName('lease');
      const { client } = await fixture.connect(third, lasting(clientId, 60, will(0)));
      const before = await fixture.record(clientId);
      await evictMember(fixture.leases, 'mqtt-ingress', await fixture.member('third'));
      await client.untilClosed();
      await until(() => third.get('/readyz').then(({ ok }) => ok), { timeoutMs: 10_000 });
      assert.equal((await fixture.record(clientId))?.revision, before?.revision, 'it wrote nothing more');
      assert.deepEqual(await wills(clientId), []);
      // Whoever comes next does what it would have done.
      const next = await fixture.connect(fixture.first, lasting(clientId));
      assert.equal(next.present, true);
      assert.deepEqual(await wills(clientId), [before?.revision]);
      next.client[Symbol.dispose]();
      await third.stop();
    });
  });
}
