import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutKind, RecordBatch, RecordBatchWriter } from '@tributary/contracts';
import { javaPartition } from '@tributary/kafka';
import { Partitioner } from '../../src/kafka/partitioner.ts';
import { OutRecord } from '../../src/out/out-record.ts';

function record(key: string | null): OutRecord {
  const writer = new RecordBatchWriter();
  const value = Buffer.from('v');
  const bytes = key === null ? null : Buffer.from(key);
  const common = { kind: OutKind.record, topic: 't', route: 'r', row: 0, logSequence: 1, timestampMs: 0 };
  writer.append({ ...common, key: bytes, headers: Buffer.alloc(0), value });
  const batch = RecordBatch.open(writer.finish());
  const position = { incarnation: 'a', from: 1, sequence: 1, part: 1, parts: 1, mapping: 1, epoch: 1 };
  return new OutRecord(batch.row(0), position);
}

test('a key has the partition that the Java client gives it; the empty key is a key', () => {
  const partitioner = new Partitioner(10);
  for (const key of ['', 'a', '18/423', 'ein schlüssel']) {
    const placed = record(key);
    partitioner.place(placed, 7);
    assert.equal(placed.partition, javaPartition(Buffer.from(key), 7));
  }
});

test('records without key stay together, then move on, and all partitions get their turn', () => {
  const partitioner = new Partitioner(10);
  const partitions = Array.from({ length: 60 }, () => {
    const placed = record(null);
    partitioner.place(placed, 3);
    return placed.partition;
  });
  for (let at = 0; at < 60; at += 10) assert.equal(new Set(partitions.slice(at, at + 10)).size, 1);
  for (let partition = 0; partition < 3; partition++) {
    assert.equal(partitions.filter((each) => each === partition).length, 20);
  }
});
