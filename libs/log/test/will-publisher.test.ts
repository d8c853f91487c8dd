import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Envelope, partitionOf, RowKind, streamNames, type SessionRecord } from '@tributary/contracts';
import { ensureLog, WillPublisher } from '../src/mod.ts';
import { limits, shape, startLog, type LogFixture } from './log-fixture.ts';

const record: SessionRecord = {
  clientId: 'device',
  node: 'n',
  nodeEpoch: 1,
  connectedAtMs: 1,
  sessionId: 'session',
  expiry: 0,
  receiveMaximum: 1,
};
const will = {
  topic: 'gone/ä',
  payload: Buffer.from([0, 255]).toString('base64'),
  qos: 1,
  retain: true,
  properties: Buffer.from([1, 1]).toString('base64'),
  delay: 5,
  protocolVersion: 5,
  username: 'meter',
} as const;
const never = new AbortController().signal;

describe('wills', () => {
  let fixture: LogFixture;
  before(async () => {
    fixture = await startLog();
    await ensureLog(fixture.manager, shape, limits);
  });
  after(() => fixture[Symbol.asyncDispose]());

  const partition = partitionOf(record.clientId, shape.partitions);
  const stream = streamNames.log(shape.generation, partition);

  it('are in the log once for each connection, whoever publishes them', async () => {
    const one = new WillPublisher(fixture.publisher, shape);
    const other = new WillPublisher(fixture.publisher, shape);
    await Promise.all([one.publish(record, will, 7, never), other.publish(record, will, 7, never)]);
    await other.publish(record, will, 8, never);
    const { state } = await fixture.manager.streams.info(stream);
    assert.equal(state.messages, 2);
    const stored = await fixture.manager.streams.getMessage(stream, { seq: 1 });
    assert.ok(stored);
    const rows = [...Envelope.open(stored.data)];
    assert.equal(rows.length, 1);
    const [row] = rows;
    assert.deepEqual(
      [row?.kind, row?.topic, row?.qos, row?.retain, row?.epoch, row?.username, row?.sessionId],
      [RowKind.will, will.topic, 1, true, 7, 'meter', 'session'],
    );
    assert.deepEqual([...(row?.payload ?? [])], [0, 255]);
    assert.deepEqual([...(row?.properties ?? [])], [1, 1]);
  });

  it('are published until they are stored', async () => {
    let attempts = 0;
    const { publisher } = fixture;
    const wills = new WillPublisher(
      {
        publish: (...args) =>
          ++attempts < 3 ? Promise.reject(new Error('away')) : publisher.publish(...args),
      },
      shape,
    );
    await wills.publish(record, will, 9, never);
    assert.equal(attempts, 3);
    const { state } = await fixture.manager.streams.info(stream);
    assert.equal(state.messages, 3);
  });

  it('are given up when it is said so', async () => {
    const wills = new WillPublisher({ publish: () => Promise.reject(new Error('away')) }, shape);
    await assert.rejects(wills.publish(record, will, 9, AbortSignal.timeout(100)), { name: 'TimeoutError' });
  });
});
