import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { SessionRecord, WillRecord } from '@tributary/contracts';
import type { SessionHolder } from '../../src/session/session-record.ts';
import { holder, record, RecordsFixture, storedWill } from './records-fixture.ts';

const never = new AbortController().signal;

describe('the end of a connection', () => {
  let fixture: RecordsFixture;

  before(async () => {
    fixture = await RecordsFixture.start();
  });
  after(() => fixture[Symbol.asyncDispose]());
  beforeEach(() => fixture.reset());

  async function connected(): Promise<SessionHolder> {
    const device = holder();
    await fixture.records.claim(device, false).take(never);
    return device;
  }

  interface Left {
    expiry?: number;
    will?: WillRecord;
  }
  /** What is left in the record, and whether the will was published by then. */
  const cases: [
    name: string,
    expiry: number,
    will: WillRecord | undefined,
    left: Left | null,
    published: boolean,
  ][] = [
    ['nothing', 0, undefined, null, false],
    ['a session', 60, undefined, { expiry: 60 }, false],
    ['a will', 0, storedWill(0), null, true],
    ['a will whose session ends now', 0, storedWill(30), null, true],
    ['a session and a will', 60, storedWill(0), { expiry: 60 }, true],
    ['a session and a will that waits', 60, storedWill(30), { expiry: 60, will: storedWill(30) }, false],
  ];
  for (const [name, expiry, will, left, published] of cases) {
    for (const trouble of [null, 'answer lost', 'write lost'] as const) {
      it(`leaves ${name}${trouble ? `, ${trouble}` : ''}`, async () => {
        const device = await connected();
        fixture.troubles = [trouble, trouble];
        assert.equal(await fixture.records.end(device, { expiry, will }, never), true);
        const { record: now } = await fixture.stored(device.clientId);
        assert.deepEqual(now && { expiry: now.expiry, ...(now.will && { will: now.will }) }, left);
        assert.equal(now?.ended?.epoch, left ? device.epoch : undefined);
        assert.deepEqual(
          fixture.wills.map(({ will: { ended } }) => ended.epoch),
          published ? [device.epoch] : [],
        );
        const atPublishing = fixture.wills[0]?.record;
        assert.equal(atPublishing?.ended?.epoch, published ? device.epoch : undefined, 'recorded first');
      });
    }
  }

  it('publishes no will if somebody else has the record', async () => {
    const device = await connected();
    const theirs: SessionRecord = record(device.clientId);
    await fixture.put(theirs);
    for (const expiry of [0, 60]) {
      assert.equal(await fixture.records.end(device, { expiry, will: storedWill(0) }, never), true);
      assert.equal(await fixture.records.end(device, { expiry, will: undefined }, never), true);
    }
    assert.deepEqual((await fixture.stored(device.clientId)).record, theirs);
    assert.deepEqual(fixture.wills, []);
  });

  it('leaves the will to others if the log does not take it', async () => {
    const device = await connected();
    fixture.logTakes = false;
    assert.equal(await fixture.records.end(device, { expiry: 0, will: storedWill(0) }, never), false);
    const { record: now } = await fixture.stored(device.clientId);
    assert.deepEqual([now?.expiry, now?.will, now?.ended?.epoch], [0, storedWill(0), device.epoch]);
  });

  it('writes nothing once the node may write no more', async () => {
    const device = await connected();
    await fixture.records.end(device, { expiry: 60, will: storedWill(0) }, AbortSignal.abort());
    assert.equal((await fixture.stored(device.clientId)).revision, device.epoch);
    assert.deepEqual(fixture.wills, []);
  });
});
