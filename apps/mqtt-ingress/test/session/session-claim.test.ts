import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { NEVER_EXPIRES, type SessionRecord } from '@tributary/contracts';
import type { SessionHolder } from '../../src/session/session-record.ts';
import { ended, holder, record, RecordsFixture, SELF, storedWill, will } from './records-fixture.ts';

const never = new AbortController().signal;

describe('the claim of a session record', () => {
  let fixture: RecordsFixture;

  before(async () => {
    fixture = await RecordsFixture.start();
  });
  after(() => fixture[Symbol.asyncDispose]());
  beforeEach(() => fixture.reset());

  /** Whether a CONNECT finds the session of the record that is there. */
  const cases: [name: string, left: Partial<SessionRecord>, cleanStart: boolean, resumes: boolean][] = [
    ['ended, with time left', { ended: ended(599) }, false, true],
    ['ended, its time is over', { ended: ended(601) }, false, false],
    ['ended long ago, never expires', { ended: ended(1e8), expiry: NEVER_EXPIRES }, false, true],
    ['a clean start [MQTT-3.1.2-4]', { ended: ended(1) }, true, false],
    ['ended with its connection', { ended: ended(0), expiry: 0 }, false, false],
    ['of a dead node', {}, false, true],
    ['of a dead node, a clean start', {}, true, false],
    ['of an earlier life of this node', { node: SELF.instance, nodeEpoch: 9 }, false, true],
    ['a leftover of this life', { node: SELF.instance, nodeEpoch: SELF.epoch }, false, true],
  ];
  for (const [name, left, cleanStart, resumes] of cases) {
    it(`${resumes ? 'resumes' : 'begins anew'}: ${name}`, async () => {
      const device = holder();
      const before = await fixture.put(record(device.clientId, left));
      const claim = fixture.records.claim(device, cleanStart);
      await claim.take(never);
      const { revision, record: now } = await fixture.stored(device.clientId);
      assert.equal(device.epoch, revision);
      assert.equal(claim.resumes, resumes);
      assert.equal(now?.sessionId === 'old-session', resumes);
      assert.equal(device.sessionId, now?.sessionId);
      assert.deepEqual([now?.node, now?.nodeEpoch, now?.expiry, now?.ended], ['self', 10, 60, undefined]);
      assert.equal(claim.previous?.ended.epoch, left.ended?.epoch ?? before);
      const isElsewhere = left.node === undefined && left.ended === undefined;
      assert.deepEqual(fixture.evictions, isElsewhere ? [{ node: 'other', epoch: before }] : []);
    });
  }

  it('of an unknown client writes all that others need, at once', async () => {
    const device = holder({ will: will(7), expiry: 5, receiveMaximum: 3 });
    const claim = fixture.records.claim(device, false);
    await claim.take(never);
    const { record: now } = await fixture.stored(device.clientId);
    assert.deepEqual(now, {
      ...{ clientId: device.clientId, node: 'self', nodeEpoch: 10, connectedAtMs: device.connectedAtMs },
      ...{ sessionId: device.sessionId, expiry: 5, receiveMaximum: 3, will: storedWill(7) },
    });
    assert.equal(claim.previous, null);
  });

  it('goes on from what the evicted node wrote at last', async () => {
    const device = holder();
    const served = await fixture.put(record(device.clientId));
    fixture.evict = async (_, epoch) => {
      if (epoch !== served) return;
      const late = { sessionId: 'old-session', expiry: 0, ended: ended(0), will: storedWill(0) };
      await fixture.put(record(device.clientId, late));
    };
    const claim = fixture.records.claim(device, false);
    await claim.take(never);
    assert.equal(claim.resumes, false, 'it left with an expiry of 0');
    assert.equal(fixture.wills.length, 1);
  });

  it('evicts whoever came while it evicted another', async () => {
    const device = holder();
    const first = await fixture.put(record(device.clientId));
    let second = 0;
    fixture.evict = async (_, epoch) => {
      if (epoch === first) second = await fixture.put(record(device.clientId, { node: 'third' }));
    };
    await fixture.records.claim(device, false).take(never);
    assert.deepEqual(fixture.evictions, [
      { node: 'other', epoch: first },
      { node: 'third', epoch: second },
    ]);
  });

  it('waits for a node that is publishing a will, and does not publish it too', async () => {
    const device = holder();
    await fixture.put(record(device.clientId, { ended: ended(0, 77), will: storedWill(0) }));
    fixture.evict = async () => {
      await fixture.put(record(device.clientId, { ended: ended(0, 77) }));
    };
    const claim = fixture.records.claim(device, false);
    await claim.take(never);
    assert.deepEqual(fixture.evictions, [{ node: 'other', epoch: 77 }]);
    assert.deepEqual(fixture.wills, []);
    assert.equal(claim.resumes, true);
  });

  describe('with writes that go wrong', () => {
    for (const trouble of ['answer lost', 'write lost'] as const) {
      it(`finds its place: ${trouble}`, async () => {
        const device = holder();
        await fixture.put(record(device.clientId, { ended: ended(1) }));
        fixture.troubles = [null, trouble];
        const claim = fixture.records.claim(device, false);
        await claim.take(never);
        const { revision, record: now } = await fixture.stored(device.clientId);
        assert.equal(device.epoch, revision);
        assert.ok(claim.resumes && now?.sessionId === 'old-session');
        assert.equal(claim.previous?.ended.epoch, 5, 'what was there before its own record');
      });
    }

    it('lets compare-and-set decide against a node that claims over its unanswered write', async () => {
      const device = holder();
      const other = record(device.clientId, { sessionId: 'of-other' });
      fixture.troubles = ['answer lost', () => fixture.put(other)];
      fixture.evict = async () => {
        await fixture.put({ ...other, ended: ended(0, 99) });
      };
      const claim = fixture.records.claim(device, false);
      await claim.take(never);
      assert.equal(fixture.evictions[0]?.node, 'other', 'it is served there, so it is ended there');
      assert.equal((await fixture.stored(device.clientId)).revision, device.epoch);
      assert.equal(device.sessionId, 'of-other');
    });

    it('gives up when its time is over', async () => {
      const device = holder();
      fixture.troubles = Array.from({ length: 100 }, () => 'write lost' as const);
      const claim = fixture.records.claim(device, false);
      await assert.rejects(claim.take(AbortSignal.timeout(300)));
      assert.equal(device.epoch, 0);
      fixture.troubles = [];
      await claim.giveBack(never);
      assert.equal((await fixture.stored(device.clientId)).record, null);
    });
  });

  describe('that is given back', () => {
    async function failed(device: SessionHolder, cleanStart = false): Promise<void> {
      const claim = fixture.records.claim(device, cleanStart);
      await claim.take(never);
      await claim.giveBack(never);
    }

    it('leaves what it found: session, end and will that waits', async () => {
      const device = holder();
      const left = record(device.clientId, { ended: ended(1), will: storedWill(300) });
      await fixture.put(left);
      await failed(device);
      const { record: now } = await fixture.stored(device.clientId);
      assert.deepEqual(now, { ...left, ended: { atMs: left.ended?.atMs, epoch: device.epoch } });
      assert.deepEqual(fixture.wills, []);
    });

    it('leaves nothing where nothing was', async () => {
      const device = holder({ will: will() });
      await failed(device);
      assert.equal((await fixture.stored(device.clientId)).record, null);
      assert.deepEqual(fixture.wills, [], 'the will of a refused CONNECT is void');
    });

    it('ends the connection of a dead node now, with its session', async () => {
      const device = holder();
      await fixture.put(record(device.clientId));
      await failed(device);
      const { record: now } = await fixture.stored(device.clientId);
      assert.deepEqual([now?.sessionId, now?.expiry, now?.ended?.epoch], ['old-session', 600, device.epoch]);
      assert.ok(Date.now() - (now?.ended?.atMs ?? 0) < 5_000);
    });

    it('is found although its write was not answered', async () => {
      for (const left of [null, { ended: ended(1) }]) {
        const device = holder();
        const found = left && record(device.clientId, left);
        if (found) await fixture.put(found);
        const gone = new AbortController();
        const claim = fixture.records.claim(device, false);
        // The device has gone when its write is on the way.
        const stored = async (): Promise<void> => {
          gone.abort(new Error('gone'));
          fixture.loseAnswer();
        };
        fixture.troubles = found ? [null, stored] : [stored];
        await assert.rejects(claim.take(gone.signal));
        assert.equal(device.epoch, 0);
        assert.equal((await fixture.stored(device.clientId)).record?.node, 'self');
        await claim.giveBack(never);
        assert.deepEqual((await fixture.stored(device.clientId)).record, found);
      }
    });

    it('belongs to whoever claimed it meanwhile', async () => {
      const device = holder();
      const claim = fixture.records.claim(device, false);
      await claim.take(never);
      const theirs = record(device.clientId, { sessionId: 'theirs' });
      await fixture.put(theirs);
      await claim.giveBack(never);
      assert.deepEqual((await fixture.stored(device.clientId)).record, theirs);
    });

    it('stays as it is when the node may write no more', async () => {
      const device = holder();
      const claim = fixture.records.claim(device, false);
      await claim.take(never);
      await claim.giveBack(AbortSignal.abort());
      assert.equal((await fixture.stored(device.clientId)).revision, device.epoch);
    });

    it('has not its will again once that is in the log', async () => {
      const device = holder();
      await fixture.put(record(device.clientId, { ended: ended(1), will: storedWill(300) }));
      await failed(device, true);
      assert.equal(fixture.wills.length, 1);
      const { record: now } = await fixture.stored(device.clientId);
      assert.deepEqual([now?.sessionId, now?.will], ['old-session', undefined]);
    });
  });

  describe('and the will of the connection before', () => {
    const wills: [name: string, left: Partial<SessionRecord>, cleanStart: boolean, published: boolean][] = [
      [
        'resumed before its delay is over [MQTT-3.1.3-9]',
        { ended: ended(10), will: storedWill(20) },
        false,
        false,
      ],
      ['resumed after its delay', { ended: ended(30), will: storedWill(20) }, false, true],
      ['its delay is none', { ended: ended(1), will: storedWill(0) }, false, true],
      ['a clean start', { ended: ended(10), will: storedWill(20) }, true, true],
      ['its session has expired', { ended: ended(15), expiry: 10, will: storedWill(20) }, false, true],
      ['of a dead node, resumed, its delay has just begun', { will: storedWill(20) }, false, false],
      ['of a dead node, without delay', { will: storedWill(0) }, false, true],
      ['of a dead node, a clean start', { will: storedWill(20) }, true, true],
    ];
    for (const [name, left, cleanStart, published] of wills) {
      it(`${published ? 'is published' : 'is void'}: ${name}`, async () => {
        const device = holder();
        const before = await fixture.put(record(device.clientId, left));
        await fixture.records.claim(device, cleanStart).take(never);
        assert.equal((await fixture.stored(device.clientId)).record?.will, undefined);
        assert.equal(fixture.wills.length, published ? 1 : 0);
        const [only] = fixture.wills;
        if (only === undefined) return;
        assert.equal(only.will.ended.epoch, left.ended?.epoch ?? before);
        assert.ok(only.record?.ended, 'the record says that the connection has ended');
        assert.ok(only.record.will, 'and has the will: if we die now, the next one publishes it');
        assert.equal(only.record.sessionId, 'old-session');
      });
    }

    it('is published once, although the write behind it is not answered', async () => {
      const device = holder();
      await fixture.put(record(device.clientId, { ended: ended(10), will: storedWill(20) }));
      // The optimistic write, that the will is due, and the claim.
      fixture.troubles = [null, 'answer lost', 'write lost'];
      await fixture.records.claim(device, true).take(never);
      assert.equal(fixture.wills.length, 1);
    });

    it('holds up the claim until the log has it', async () => {
      const device = holder();
      await fixture.put(record(device.clientId, { ended: ended(10), will: storedWill(0) }));
      fixture.logTakes = false;
      const claim = fixture.records.claim(device, false);
      await assert.rejects(claim.take(AbortSignal.timeout(300)));
      await claim.giveBack(never);
      const { record: now } = await fixture.stored(device.clientId);
      assert.deepEqual([now?.node, now?.will], ['other', storedWill(0)]);
    });
  });
});
