import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { IConnectPacket } from 'mqtt-packet';
import { buckets, clientKey, RowKind, type SessionRecord } from '@tributary/contracts';
import { evictMember, memberKey, type MemberRecord } from '@tributary/log';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { Platform, type StoredRow } from '../platform.ts';
import { publishPacket, RawClient } from '../raw-client.ts';
import { granted, recipient, SessionResponder } from '../session-responder.ts';

const WEEK = 604_800;
const SHARD = 0x8000_0000;

for (const engine of ['aedes', 'native'] as const) {
  describe(`a session that outlives its connection, engine ${engine}`, () => {
    let platform: Platform;
    let first: Proc;
    let second: Proc;
    let sessions: KV;
    let session: SessionResponder;

    before(async () => {
      platform = await Platform.start();
      const settings = { 'mqtt.engine': engine, 'connect.timeoutMs': 2_000 };
      first = await platform.node({ 'service.instance': 'first', ...settings });
      second = await platform.node({ 'service.instance': 'second', ...settings });
      sessions = await new Kvm(jetstream(platform.nats)).open(buckets.sessions);
    });
    after(() => platform[Symbol.asyncDispose]());
    beforeEach(() => {
      session = new SessionResponder(platform.nats);
    });
    afterEach(() => session[Symbol.dispose]());

    async function record(clientId: string): Promise<(SessionRecord & { revision: number }) | null> {
      const entry = await sessions.get(clientKey(clientId));
      if (entry === null || entry.operation !== 'PUT') return null;
      return { ...entry.json<SessionRecord>(), revision: entry.revision };
    }

    async function rowsOf(clientId: string): Promise<StoredRow[]> {
      return (await platform.rows()).filter(({ row }) => row.clientId === clientId);
    }

    interface Answered {
      client: RawClient;
      present: boolean;
      /** Session Expiry Interval in CONNACK. */
      expiry: number | undefined;
      reason: number;
    }

    async function connect(at: Proc, options: Partial<IConnectPacket>): Promise<Answered> {
      const client = new RawClient(at, options.protocolVersion ?? 5);
      client.sendConnect({ clean: false, protocolVersion: 5, ...options });
      const { sessionPresent, properties, reasonCode, returnCode } = await client.take('connack');
      const reason = reasonCode ?? returnCode ?? 0;
      return { client, present: sessionPresent, expiry: properties?.sessionExpiryInterval, reason };
    }

    const lasting = (clientId: string, seconds = 60, more: Partial<IConnectPacket> = {}) => ({
      ...{ clientId, protocolVersion: 5 as const, clean: false },
      properties: { sessionExpiryInterval: seconds },
      ...more,
    });

    it('is begun, left, and taken up by another node', async () => {
      const clientId = uniqueName('moves');
      const began = await connect(first, lasting(clientId));
      assert.equal(began.present, false);
      const before = await record(clientId);
      const [attach] = session.of('attach', clientId);
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
      const left = await record(clientId);
      assert.deepEqual(
        [left?.expiry, left?.ended?.epoch],
        [60, before.revision],
        'before the socket is closed',
      );
      const end = await until(() => session.of('end', clientId)[0]);
      assert.deepEqual([end.epoch, end.sessionId], [before.revision, before.sessionId]);

      const resumed = await connect(second, lasting(clientId));
      assert.equal(resumed.present, true);
      const [, again] = session.of('attach', clientId);
      assert.deepEqual([again?.resume, again?.sessionId, again?.node], [true, before.sessionId, 'second']);
      resumed.client.publish('a', 'y', 1, 1);
      await resumed.client.take('puback');
      const rows = await rowsOf(clientId);
      assert.deepEqual(
        rows.map(({ row }) => row.sessionId),
        [before.sessionId, before.sessionId],
      );
      assert.notEqual(rows[0]?.row.epoch, rows[1]?.row.epoch);
      resumed.client[Symbol.dispose]();
    });

    it('of MQTT 3.1.1 lasts as long as it may without clean session, and ends with it', async () => {
      const clientId = uniqueName('v4');
      const old = await connect(first, { clientId, protocolVersion: 4 });
      assert.deepEqual([old.present, (await record(clientId))?.expiry], [false, WEEK]);
      old.client.socket.resetAndDestroy();
      await until(async () => (await record(clientId))?.ended);
      const { sessionId } = (await record(clientId)) ?? {};
      const resumed = await connect(first, { clientId, protocolVersion: 4 });
      assert.equal(resumed.present, true);
      const clean = await connect(second, { clientId, protocolVersion: 4, clean: true });
      assert.equal(clean.present, false);
      // The old one is dropped in the background, by the address it was known by last.
      const [, lastAttach] = session.of('attach', clientId);
      const dropped = await until(() => {
        const [, ...ends] = session.of('end', clientId);
        return ends.find(({ epoch }) => epoch === lastAttach?.epoch);
      });
      assert.equal(dropped.sessionId, sessionId);
      assert.equal(session.of('attach', clientId).length, 2, 'a clean session asks for none');
      clean.client.send({ cmd: 'disconnect' });
      await clean.client.untilClosed();
      assert.equal(await record(clientId), null);
      resumed.client[Symbol.dispose]();
    });

    it('that ends with its connection begins without session-state', async () => {
      session.answer = () => undefined;
      const clientId = uniqueName('clean');
      const began = performance.now();
      const { client, reason } = await connect(first, { clientId, clean: false });
      assert.equal(reason, 0);
      assert.ok(performance.now() - began < 1_000);
      assert.deepEqual(session.of('attach', clientId), []);
      client[Symbol.dispose]();
    });

    it('lasts no longer than the node grants, and MQTT 5 is told', async () => {
      const clientId = uniqueName('long');
      const { client, expiry } = await connect(first, lasting(clientId, 0xffff_ffff));
      assert.equal(expiry, WEEK);
      assert.equal((await record(clientId))?.expiry, WEEK);
      client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: WEEK + 1 } });
      await client.untilClosed();
      assert.equal((await record(clientId))?.expiry, WEEK);
      const granted = await connect(first, lasting(clientId, 30));
      assert.equal(granted.expiry, undefined);
      granted.client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 0 } });
      await granted.client.untilClosed();
      assert.equal(await record(clientId), null, 'a DISCONNECT may end it');
      await until(() => session.of('end', clientId).length === 2);
    });

    it('resumed for this connection only still brings what it has', async () => {
      const clientId = uniqueName('last');
      const began = await connect(first, lasting(clientId));
      began.client.send({ cmd: 'disconnect' });
      await began.client.untilClosed();
      const last = await connect(second, { clientId, protocolVersion: 5, clean: false });
      assert.equal(last.present, true);
      assert.deepEqual(
        session.of('attach', clientId).map(({ resume }) => resume),
        [false, true],
      );
      last.client.send({ cmd: 'disconnect' });
      await last.client.untilClosed();
      assert.equal(await record(clientId), null);
      await until(() => session.of('end', clientId).length === 2);
    });

    it('goes on with QoS 2 both ways where another node stopped', async () => {
      const clientId = uniqueName('qos2');
      const began = await connect(first, lasting(clientId));
      began.client.publish('a', 'x', 2, 7);
      await began.client.take('pubrec');
      began.client.socket.resetAndDestroy();
      await until(async () => (await record(clientId))?.ended);
      // 65,537 goes under id 2. An entry of the queue comes before the answer.
      const channel = SHARD + 1;
      const leases = await new Kvm(jetstream(platform.nats)).open(buckets.leases);
      const lease = await leases.get(memberKey('mqtt-ingress', 'second'));
      const self = { instance: 'second', epoch: lease?.json<MemberRecord>().epoch ?? 0 };
      session.answer = (command) => {
        if (command.type !== 'attach') return granted(command);
        const to = [recipient(clientId, command.epoch, 1, { counter: 5, dup: true })];
        session.send(self, { channel, epoch: 1, number: 1 }, [
          { sequence: 1, message: { topic: 'q', payload: 'waited' }, to },
        ]);
        return { ok: true, present: true, inbound: [7], released: [65_537, 3] };
      };
      const { client, present } = await connect(second, lasting(clientId));
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
      const rows = await rowsOf(clientId);
      assert.deepEqual(
        rows.map(({ row }) => [row.kind, row.packetId]),
        [
          [RowKind.publish, 7],
          [RowKind.release, 7],
        ],
      );
      client.send({ cmd: 'pubcomp', messageId: 2 });
      await until(() => session.settledBy(clientId).length === 1);
      assert.deepEqual(session.settledBy(clientId), [[65_537, 1]]);
      client[Symbol.dispose]();
    });

    it('is not lost by a CONNECT that session-state does not answer', async () => {
      const clientId = uniqueName('away');
      const began = await connect(first, lasting(clientId, 60));
      began.client.send({ cmd: 'disconnect' });
      await began.client.untilClosed();
      const left = await record(clientId);
      session.answer = () => undefined;
      const refused = await connect(second, lasting(clientId, 500));
      assert.equal(refused.reason, 0x88);
      const back = await until(async () => {
        const now = await record(clientId);
        return now?.node === 'first' && now;
      });
      const attempt = session.of('attach', clientId).at(-1);
      const ended = { atMs: left?.ended?.atMs, epoch: attempt?.epoch };
      assert.deepEqual({ ...back, revision: 0 }, { ...left, ended, revision: 0 });
      session.answer = granted;
      const isTold = (): boolean => session.of('end', clientId).some(({ epoch }) => epoch === attempt?.epoch);
      await until(isTold, { timeoutMs: 5_000, what: 'session-state hears that the attempt is over' });
      const resumed = await connect(second, lasting(clientId));
      assert.ok(resumed.present);
      assert.equal((await record(clientId))?.sessionId, left?.sessionId);
      resumed.client[Symbol.dispose]();
      // A new one that could not be begun leaves nothing.
      session.answer = () => undefined;
      const fresh = uniqueName('fresh');
      assert.equal((await connect(first, lasting(fresh))).reason, 0x88);
      await until(async () => (await record(fresh)) === null);
    });

    it('survives a device that goes while it waits for its session', async () => {
      const clientId = uniqueName('gone');
      const began = await connect(first, lasting(clientId));
      began.client.send({ cmd: 'disconnect' });
      await began.client.untilClosed();
      session.answer = () => undefined;
      const client = new RawClient(first, 5);
      client.sendConnect(lasting(clientId));
      await until(() => session.of('attach', clientId).length === 2);
      client.socket.resetAndDestroy();
      await until(async () => (await record(clientId))?.ended);
      session.answer = granted;
      const resumed = await connect(first, lasting(clientId));
      assert.ok(resumed.present);
      resumed.client[Symbol.dispose]();
    });

    it('is taken over from connection to connection, here and elsewhere, and stays the same', async () => {
      const clientId = uniqueName('over');
      const clients: RawClient[] = [];
      const ids = new Set<string | undefined>();
      for (const at of [first, first, second, second, first]) {
        const { client, present, reason } = await connect(at, lasting(clientId));
        assert.deepEqual([reason, present], [0, clients.length > 0]);
        ids.add((await record(clientId))?.sessionId);
        clients.push(client);
      }
      assert.equal(ids.size, 1);
      for (const old of clients.slice(0, -1)) assert.equal((await old.take('disconnect')).reasonCode, 0x8e);
      const [last] = clients.slice(-1);
      last?.publish('a', 'x', 1, 1);
      await last?.take('puback');
      assert.equal((await record(clientId))?.ended, undefined, 'no old connection ended the last one');
      last?.[Symbol.dispose]();
    });

    it('stays one session when many connect at once', async () => {
      const clientId = uniqueName('storm');
      const clients = Array.from({ length: 20 }, (_, n) => new RawClient(n % 2 === 0 ? first : second, 5));
      for (const client of clients) client.sendConnect(lasting(clientId));
      await until(() => clients.filter(({ closed }) => !closed).length === 1, { timeoutMs: 10_000 });
      const survivor = clients.find(({ closed }) => !closed);
      await survivor?.take('connack');
      const attaches = session.of('attach', clientId);
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
      const now = await record(clientId);
      assert.deepEqual([now?.revision, now?.sessionId], [last?.epoch, last?.sessionId]);
      for (const client of clients) client[Symbol.dispose]();
      await until(async () => (await record(clientId))?.ended);
    });

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
      (await rowsOf(clientId)).filter(({ row }) => row.kind === RowKind.will).map(({ row }) => row.epoch);

    it('keeps its will until it is due, and the client that comes back makes it void', async () => {
      const clientId = uniqueName('will');
      const { client } = await connect(first, lasting(clientId, 60, will(30)));
      client.socket.resetAndDestroy();
      const left = await until(async () => {
        const now = await record(clientId);
        return now?.ended && now;
      });
      assert.deepEqual([left.will?.topic, left.will?.delay], ['gone', 30]);
      const back = await connect(second, lasting(clientId));
      assert.equal((await record(clientId))?.will, undefined);
      back.client.send({ cmd: 'disconnect' });
      await back.client.untilClosed();
      assert.deepEqual(await wills(clientId), []);
    });

    it('has its will published by a clean start, with the epoch it belongs to', async () => {
      const clientId = uniqueName('will');
      const { client } = await connect(first, lasting(clientId, 60, will(30)));
      const before = await record(clientId);
      client.socket.resetAndDestroy();
      await until(async () => (await record(clientId))?.ended);
      const clean = await connect(second, { clientId, protocolVersion: 5, clean: true });
      assert.deepEqual(await wills(clientId), [before?.revision], 'before CONNACK');
      clean.client[Symbol.dispose]();
    });

    it('has no will left after a clean DISCONNECT, nor after it was published', async () => {
      const clean = uniqueName('will');
      const one = await connect(first, lasting(clean, 60, will(0)));
      one.client.send({ cmd: 'disconnect' });
      await one.client.untilClosed();
      const left = await record(clean);
      assert.ok(left?.ended && left.will === undefined);
      const lost = uniqueName('will');
      const two = await connect(first, lasting(lost, 60, will(0)));
      const before = await record(lost);
      two.client.socket.resetAndDestroy();
      await until(async () => {
        const now = await record(lost);
        return now?.ended && now.will === undefined;
      });
      assert.deepEqual(await wills(lost), [before?.revision]);
      assert.deepEqual(await wills(clean), []);
    });

    it('is left to others by a node that loses its lease', async () => {
      const third = await platform.node({ 'service.instance': 'third', 'mqtt.engine': engine });
      const clientId = uniqueName('lease');
      const { client } = await connect(third, lasting(clientId, 60, will(0)));
      const before = await record(clientId);
      const leases = await new Kvm(jetstream(platform.nats)).open(buckets.leases);
      const lease = await leases.get(memberKey('mqtt-ingress', 'third'));
      const epoch = lease?.json<MemberRecord>().epoch ?? 0;
      await evictMember(leases, 'mqtt-ingress', { instance: 'third', epoch });
      await client.untilClosed();
      await until(() => third.get('/readyz').then(({ ok }) => ok), { timeoutMs: 10_000 });
      assert.equal((await record(clientId))?.revision, before?.revision, 'it wrote nothing more');
      assert.deepEqual(await wills(clientId), []);
      // Whoever comes next does what it would have done.
      const next = await connect(first, lasting(clientId));
      assert.equal(next.present, true);
      assert.deepEqual(await wills(clientId), [before?.revision]);
      next.client[Symbol.dispose]();
      await third.stop();
    });
  });
}
