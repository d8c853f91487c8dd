import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { RowKind } from '@tributary/contracts';
import { uniqueName, until } from '@tributary/testing';
import { publishPacket, RawClient } from '../raw-client.ts';
import { granted, recipient } from '../session-responder.ts';
import { lasting, SessionsFixture } from './sessions-fixture.ts';

const WEEK = 604_800;
const SHARD = 0x8000_0000;

for (const engine of ['aedes', 'native'] as const) {
  describe(`a session that outlives its connection, engine ${engine}`, () => {
    let fixture: SessionsFixture;

    before(async () => {
      fixture = await SessionsFixture.start(engine);
    });
    after(() => fixture[Symbol.asyncDispose]());
    beforeEach(() => fixture.begin());

    it('is begun, left, and taken up by another node', async () => {
      const clientId = uniqueName('moves');
      const began = await fixture.connect(fixture.first, lasting(clientId));
      assert.equal(began.present, false);
      const before = await fixture.record(clientId);
      const [attach] = fixture.session.of('attach', clientId);
      assert.ok(before && attach);
      assert.deepEqual(
        [attach.resume, attach.node, attach.epoch, attach.sessionId],
        [false, 'first', before.revision, before.sessionId],
      );
      assert.equal(attach.receiveMaximum, 256);
      began.client.publish('a', 'x', 1, 1);
      await began.client.take('puback');
      began.client.send({ cmd: 'disconnect' });
      await began.client.untilClosed();
      const left = await fixture.record(clientId);
      assert.deepEqual(
        [left?.expiry, left?.ended?.epoch],
        [60, before.revision],
        'before the socket is closed',
      );
      const end = await until(() => fixture.session.of('end', clientId)[0]);
      assert.deepEqual([end.epoch, end.sessionId], [before.revision, before.sessionId]);

      const resumed = await fixture.connect(fixture.second, lasting(clientId));
      assert.equal(resumed.present, true);
      const [, again] = fixture.session.of('attach', clientId);
      assert.deepEqual([again?.resume, again?.sessionId, again?.node], [true, before.sessionId, 'second']);
      resumed.client.publish('a', 'y', 1, 1);
      await resumed.client.take('puback');
      const rows = await fixture.rowsOf(clientId);
      assert.deepEqual(
        rows.map(({ row }) => row.sessionId),
        [before.sessionId, before.sessionId],
      );
      assert.notEqual(rows[0]?.row.epoch, rows[1]?.row.epoch);
      resumed.client[Symbol.dispose]();
    });

    it('of MQTT 3.1.1 lasts as long as it may without clean session, and ends with it', async () => {
      const clientId = uniqueName('v4');
      const old = await fixture.connect(fixture.first, { clientId, protocolVersion: 4 });
      assert.deepEqual([old.present, (await fixture.record(clientId))?.expiry], [false, WEEK]);
      old.client.socket.resetAndDestroy();
      await until(async () => (await fixture.record(clientId))?.ended);
      const { sessionId } = (await fixture.record(clientId)) ?? {};
      const resumed = await fixture.connect(fixture.first, { clientId, protocolVersion: 4 });
      assert.equal(resumed.present, true);
      const clean = await fixture.connect(fixture.second, { clientId, protocolVersion: 4, clean: true });
      assert.equal(clean.present, false);
      // The old one is dropped in the background, by the address it was known by last.
      const [, lastAttach] = fixture.session.of('attach', clientId);
      const dropped = await until(() => {
        const [, ...ends] = fixture.session.of('end', clientId);
        return ends.find(({ epoch }) => epoch === lastAttach?.epoch);
      });
      assert.equal(dropped.sessionId, sessionId);
      assert.equal(fixture.session.of('attach', clientId).length, 2, 'a clean session asks for none');
      clean.client.send({ cmd: 'disconnect' });
      await clean.client.untilClosed();
      assert.equal(await fixture.record(clientId), null);
      resumed.client[Symbol.dispose]();
    });

    it('that ends with its connection begins without session-state', async () => {
      fixture.session.answer = () => undefined;
      const clientId = uniqueName('clean');
      const began = performance.now();
      const { client, reason } = await fixture.connect(fixture.first, { clientId, clean: false });
      assert.equal(reason, 0);
      assert.ok(performance.now() - began < 1_000);
      assert.deepEqual(fixture.session.of('attach', clientId), []);
      client[Symbol.dispose]();
    });

    it('lasts no longer than the node grants, and MQTT 5 is told', async () => {
      const clientId = uniqueName('long');
      const { client, expiry } = await fixture.connect(fixture.first, lasting(clientId, 0xffff_ffff));
      assert.equal(expiry, WEEK);
      assert.equal((await fixture.record(clientId))?.expiry, WEEK);
      client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: WEEK + 1 } });
      await client.untilClosed();
      assert.equal((await fixture.record(clientId))?.expiry, WEEK);
      const granted = await fixture.connect(fixture.first, lasting(clientId, 30));
      assert.equal(granted.expiry, undefined);
      granted.client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 0 } });
      await granted.client.untilClosed();
      assert.equal(await fixture.record(clientId), null, 'a DISCONNECT may end it');
      await until(() => fixture.session.of('end', clientId).length === 2);
    });

    it('resumed for this connection only still brings what it has', async () => {
      const clientId = uniqueName('last');
      const began = await fixture.connect(fixture.first, lasting(clientId));
      began.client.send({ cmd: 'disconnect' });
      await began.client.untilClosed();
      const last = await fixture.connect(fixture.second, { clientId, protocolVersion: 5, clean: false });
      assert.equal(last.present, true);
      assert.deepEqual(
        fixture.session.of('attach', clientId).map(({ resume }) => resume),
        [false, true],
      );
      last.client.send({ cmd: 'disconnect' });
      await last.client.untilClosed();
      assert.equal(await fixture.record(clientId), null);
      await until(() => fixture.session.of('end', clientId).length === 2);
    });

    it('goes on with QoS 2 both ways where another node stopped', async () => {
      const clientId = uniqueName('qos2');
      const began = await fixture.connect(fixture.first, lasting(clientId));
      began.client.publish('a', 'x', 2, 7);
      await began.client.take('pubrec');
      began.client.socket.resetAndDestroy();
      await until(async () => (await fixture.record(clientId))?.ended);
      // 65,537 goes under id 2. An entry of the queue comes before the answer.
      const channel = SHARD + 1;
      const self = await fixture.member('second');
      fixture.session.answer = (command) => {
        if (command.type !== 'attach') return granted(command);
        const to = [recipient(clientId, command.epoch, 1, { counter: 5, dup: true })];
        fixture.session.send(self, { channel, epoch: 1, number: 1 }, [
          { sequence: 1, message: { topic: 'q', payload: 'waited' }, to },
        ]);
        return { ok: true, present: true, inbound: [7], released: [65_537, 3] };
      };
      const { client, present } = await fixture.connect(fixture.second, lasting(clientId));
      assert.equal(present, true);
      await until(() => client.received.length === 3);
      assert.deepEqual(
        client.received.splice(0).map((packet) => [packet.cmd, packet.messageId]),
        [
          ['pubrel', 2],
          ['pubrel', 3],
          ['publish', 5],
        ],
      );
      // The PUBLISH is in the log already, its PUBREL is not.
      client.sendAll([publishPacket('a', 'x', 2, 7, { dup: true }), { cmd: 'pubrel', messageId: 7 }]);
      await client.take('pubrec');
      await client.take('pubcomp');
      const rows = await fixture.rowsOf(clientId);
      assert.deepEqual(
        rows.map(({ row }) => [row.kind, row.packetId]),
        [
          [RowKind.publish, 7],
          [RowKind.release, 7],
        ],
      );
      client.send({ cmd: 'pubcomp', messageId: 2 });
      await until(() => fixture.session.settledBy(clientId).length === 1);
      assert.deepEqual(fixture.session.settledBy(clientId), [[65_537, 1]]);
      client[Symbol.dispose]();
    });

    it('is not lost by a CONNECT that session-state does not answer', async () => {
      const clientId = uniqueName('away');
      const began = await fixture.connect(fixture.first, lasting(clientId, 60));
      began.client.send({ cmd: 'disconnect' });
      await began.client.untilClosed();
      const left = await fixture.record(clientId);
      fixture.session.answer = () => undefined;
      const refused = await fixture.connect(fixture.second, lasting(clientId, 500));
      assert.equal(refused.reason, 0x88);
      const back = await until(async () => {
        const now = await fixture.record(clientId);
        return now?.node === 'first' && now;
      });
      const attempt = fixture.session.of('attach', clientId).at(-1);
      const ended = { atMs: left?.ended?.atMs, epoch: attempt?.epoch };
      assert.deepEqual({ ...back, revision: 0 }, { ...left, ended, revision: 0 });
      fixture.session.answer = granted;
      const isTold = (): boolean =>
        fixture.session.of('end', clientId).some(({ epoch }) => epoch === attempt?.epoch);
      await until(isTold, { timeoutMs: 5_000, what: 'session-state hears that the attempt is over' });
      const resumed = await fixture.connect(fixture.second, lasting(clientId));
      assert.ok(resumed.present);
      assert.equal((await fixture.record(clientId))?.sessionId, left?.sessionId);
      resumed.client[Symbol.dispose]();
      // A new one that could not be begun leaves nothing.
      fixture.session.answer = () => undefined;
      const fresh = uniqueName('fresh');
      assert.equal((await fixture.connect(fixture.first, lasting(fresh))).reason, 0x88);
      await until(async () => (await fixture.record(fresh)) === null);
    });

    it('survives a device that goes while it waits for its session', async () => {
      const clientId = uniqueName('gone');
      const began = await fixture.connect(fixture.first, lasting(clientId));
      began.client.send({ cmd: 'disconnect' });
      await began.client.untilClosed();
      fixture.session.answer = () => undefined;
      const client = new RawClient(fixture.first, 5);
      client.sendConnect(lasting(clientId));
      await until(() => fixture.session.of('attach', clientId).length === 2);
      client.socket.resetAndDestroy();
      await until(async () => (await fixture.record(clientId))?.ended);
      fixture.session.answer = granted;
      const resumed = await fixture.connect(fixture.first, lasting(clientId));
      assert.ok(resumed.present);
      resumed.client[Symbol.dispose]();
    });

    it('is taken over from connection to connection, here and elsewhere, and stays the same', async () => {
      const clientId = uniqueName('over');
      const clients: RawClient[] = [];
      const ids = new Set<string | undefined>();
      for (const at of [fixture.first, fixture.first, fixture.second, fixture.second, fixture.first]) {
        const { client, present, reason } = await fixture.connect(at, lasting(clientId));
        assert.deepEqual([reason, present], [0, clients.length > 0]);
        ids.add((await fixture.record(clientId))?.sessionId);
        clients.push(client);
      }
      assert.equal(ids.size, 1);
      for (const old of clients.slice(0, -1)) assert.equal((await old.take('disconnect')).reasonCode, 0x8e);
      const [last] = clients.slice(-1);
      last?.publish('a', 'x', 1, 1);
      await last?.take('puback');
      assert.equal(
        (await fixture.record(clientId))?.ended,
        undefined,
        'no old connection ended the last one',
      );
      last?.[Symbol.dispose]();
    });

    it('stays one session when many connect at once', async () => {
      const clientId = uniqueName('storm');
      const clients = Array.from(
        { length: 20 },
        (_, n) => new RawClient(n % 2 === 0 ? fixture.first : fixture.second, 5),
      );
      for (const client of clients) client.sendConnect(lasting(clientId));
      await until(() => clients.filter(({ closed }) => !closed).length === 1, { timeoutMs: 10_000 });
      const survivor = clients.find(({ closed }) => !closed);
      await survivor?.take('connack');
      const attaches = fixture.session.of('attach', clientId);
      const epochs = attaches.map(({ epoch }) => epoch);
      assert.deepEqual(
        epochs,
        [...epochs].sort((a, b) => a - b),
      );
      // Those that were overtaken before they had one left none; whoever found one went on with it.
      for (const [n, { resume, sessionId }] of attaches.entries()) {
        if (resume) assert.equal(sessionId, attaches[n - 1]?.sessionId);
      }
      const last = attaches.at(-1);
      const now = await fixture.record(clientId);
      assert.deepEqual([now?.revision, now?.sessionId], [last?.epoch, last?.sessionId]);
      for (const client of clients) client[Symbol.dispose]();
      await until(async () => (await fixture.record(clientId))?.ended);
    });
  });
}
