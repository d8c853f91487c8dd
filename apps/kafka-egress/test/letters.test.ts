import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { headers as natsHeaders } from '@nats-io/transport-node';
import {
  deadLetterData,
  deadLetterHeaders,
  EMPTY,
  Envelope,
  EnvelopeWriter,
  openRow,
  OutKind,
  RowKind,
  streamNames,
  subjects,
  type DeadLetter,
} from '@tributary/contracts';
import { uniqueName, until } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { createTopic, readTopic } from './fixture/kafka-topics.ts';

let rig: EgressRig;

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

const RECEIVED_MS = 1_700_000_000_000;

/** An envelope of the log with one row for each payload. */
function envelope(...payloads: readonly string[]): Buffer {
  const writer = new EnvelopeWriter();
  for (const payload of payloads) {
    writer.append({
      kind: RowKind.publish,
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
      protocolVersion: 5,
      receivedMs: RECEIVED_MS,
      epoch: 1,
      topic: 'dev/1',
      clientId: Buffer.from('client-1'),
      sessionId: EMPTY,
      username: EMPTY,
      trace: EMPTY,
      origin: EMPTY,
      properties: EMPTY,
      payload: Buffer.from(payload),
    });
  }
  return writer.finish();
}

const payloadOf = ({ original }: DeadLetter): string | null => original && String(openRow(original).payload);

async function committed(sequence: number): Promise<void> {
  await until(async () => (await rig.outState()).first_seq === sequence, {
    what: `message ${sequence} of OUT is committed`,
    timeoutMs: 30_000,
  });
}

test('a refused record keeps the message it was made from, as far as the log still has it', async () => {
  rig = await EgressRig.start();
  const topic = uniqueName('refused');
  await createTopic(rig.brokers, topic, 1, { 'max.message.bytes': '20000' });
  const feeder = await rig.feeder();
  const { js, manager } = rig.platform;
  for (const data of [envelope('a', 'b'), envelope('c', 'd'), envelope('e')]) {
    await js.publish(subjects.log(1, 0), data);
  }
  const refused = { topic, key: 'k', value: 'x'.repeat(30_000), timestampMs: RECEIVED_MS };
  const taken = { topic, key: 'k', value: 'small', timestampMs: RECEIVED_MS };
  await feeder.feed([refused, taken]);
  await feeder.feed([taken, refused]);
  // Another message than the one that the record bears the time of: a log that was created anew.
  await feeder.feed([{ ...refused, timestampMs: RECEIVED_MS + 1 }]);
  await manager.streams.purge(streamNames.log(1, 0), { seq: 2 });
  const before = Date.now();
  await using _egress = await rig.egress();
  await committed(3);
  const letters = await rig.deadLetters();
  assert.deepEqual(
    letters.map((letter) => [letter.row.logSequence, letter.row.row, payloadOf(letter)]),
    [
      [1, 0, null],
      [2, 1, 'd'],
      [3, 0, null],
    ],
  );
  for (const { row, code, attempts, firstSeenMs, replayOf } of letters) {
    assert.deepEqual(
      [row.kind, row.topic, row.value?.length, code, attempts, replayOf],
      [OutKind.record, topic, 30_000, 'message-too-large', 1, 0],
    );
    assert.ok(firstSeenMs >= before && firstSeenMs <= Date.now());
  }
  assert.equal((await readTopic(rig.brokers, topic)).length, 2);
});

test('what a replay gave is delivered once, and what is refused again is a letter again beside the old one', async () => {
  rig = await EgressRig.start();
  const topic = uniqueName('again');
  await createTopic(rig.brokers, topic, 1, { 'max.message.bytes': '20000' });
  const feeder = await rig.feeder();
  const { js, manager } = rig.platform;
  const record = (value: string) => ({ topic, key: 'k', value, timestampMs: RECEIVED_MS });
  await feeder.feed([record('x'.repeat(30_000)), record('from the log')]);
  const egress = await rig.egress({ 'service.instance': 'same' });
  const [old] = await until(async () => {
    const found = await rig.deadLetters();
    return found.length === 1 && found;
  });
  assert.ok(old);

  // The old letter, as it would be with the message it was made from.
  const [original] = [...Envelope.open(envelope('the message'))];
  await manager.streams.purge(streamNames.deadLetters('main'));
  const id = subjects.deadLetter('main', 0, 1, 0, 'all');
  const headers = natsHeaders();
  for (const [name, value] of deadLetterHeaders(old)) headers.set(name, value);
  const whole = deadLetterData({ ...old, original: original?.bytes ?? EMPTY });
  const { seq } = await js.publish(id, whole, { headers });
  const letter = { sequence: seq, attempts: 1, firstSeenMs: old.firstSeenMs };
  const source = { logSequence: 1, row: 0 };
  await feeder.feedReplay([record('y'.repeat(30_000))], letter, source);
  await feeder.feedReplay([record('replayed, first')], { ...letter, sequence: 98 }, source);
  await feeder.feedReplay(
    [{ ...record('still no json'), deadLetter: { code: 'payload-not-json', message: 'no' } }],
    { sequence: 97, attempts: 4, firstSeenMs: 5 },
    source,
  );
  await committed(4);
  // Those of the mapper are stored while the batch is read, those of Kafka when it was sent.
  const letters = (await rig.deadLetters()).toSorted((a, b) => a.replayOf - b.replayOf);
  assert.deepEqual(
    letters.map(({ code, attempts, firstSeenMs, replayOf }) => [code, attempts, firstSeenMs, replayOf]),
    [
      ['message-too-large', 1, old.firstSeenMs, 0],
      ['message-too-large', 2, old.firstSeenMs, seq],
      ['payload-not-json', 5, 5, 97],
    ],
  );
  const [, again] = letters;
  assert.equal(again && payloadOf(again), 'the message', 'the log has forgotten it, the letter has not');

  // Positions tell replays apart: nothing of them is sent again, or left out, by the next owner.
  await egress.stop();
  await feeder.feedReplay([record('replayed, second')], { ...letter, sequence: 99 }, source);
  await feeder.feed([record('from the log, later')]);
  await egress.start();
  await committed(6);
  const values = (await readTopic(rig.brokers, topic)).map(({ value }) => value);
  assert.deepEqual(values, ['from the log', 'replayed, first', 'replayed, second', 'from the log, later']);
  assert.equal((await rig.deadLetters()).length, 3);
});
