import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordBatch, RecordBatchWriter, OutKind } from '@tributary/contracts';
import type { OutMessage } from '../../src/out/out-message.ts';
import { OutQueue } from '../../src/out/out-queue.ts';
import { OutRecord } from '../../src/out/out-record.ts';

const position = { incarnation: 'a', from: 1, sequence: 1, part: 1, parts: 1, mapping: 1, epoch: 1 };

function message(sequence: number, records: number): OutMessage {
  const writer = new RecordBatchWriter();
  for (let row = 0; row < records; row++) {
    const nothing = Buffer.alloc(0);
    const common = { kind: OutKind.record, topic: 't', route: 'r', row, logSequence: 1, timestampMs: 0 };
    writer.append({ ...common, key: null, headers: nothing, value: nothing });
  }
  const data = writer.finish();
  const batch = RecordBatch.open(data);
  const opened = Array.from(batch, (row) => new OutRecord(row, position));
  return { sequence, position, bytes: data.length, records: opened, deadLetters: [] };
}

const never = new Promise<void>(() => {});

test('a writer waits from the moment a send is full until it is taken', async () => {
  const queue = new OutQueue({ records: 10, bytes: 1_000_000 });
  await queue.put(message(1, 6));
  let waits = true;
  const put = queue.put(message(2, 6)).then(() => (waits = false));
  await new Promise(setImmediate);
  assert.equal(waits, true);
  assert.equal(queue.full, true);
  assert.deepEqual(
    queue.take().map(({ sequence }) => sequence),
    [1, 2],
  );
  await put;
  assert.equal(waits, false);
  assert.equal(queue.empty, true);
});

test('bytes and messages without records fill it too', async () => {
  const bytes = new OutQueue({ records: 1_000, bytes: 50 });
  void bytes.put(message(1, 1));
  assert.equal(bytes.full, true);
  const empties = new OutQueue({ records: 1_000, bytes: 1_000_000 });
  for (let i = 1; i < 1_000; i++) await empties.put({ ...message(i, 0), bytes: 0 });
  assert.equal(empties.full, false);
  void empties.put({ ...message(1_000, 0), bytes: 0 });
  assert.equal(empties.full, true);
});

test('a reader waits for the first message, and for more until its turn comes', async () => {
  const queue = new OutQueue({ records: 10, bytes: 1_000_000 });
  const began = performance.now();
  await queue.arrival(30);
  assert.ok(performance.now() - began >= 25);
  const arrival = queue.arrival(10_000);
  await queue.put(message(1, 1));
  await arrival;
  await queue.fill(Promise.resolve());
  const filling = queue.fill(never);
  await queue.put(message(2, 1));
  void queue.put(message(3, 8));
  await filling;
  assert.ok(performance.now() - began < 5_000);
});

test('its end ends all waiting', async () => {
  const queue = new OutQueue({ records: 1, bytes: 1_000_000 });
  const put = queue.put(message(1, 1));
  queue.end();
  await put;
  queue.take();
  await queue.arrival(Infinity);
  await queue.fill(never);
  assert.equal(queue.ended, true);
});
