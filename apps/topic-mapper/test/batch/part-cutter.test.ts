import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OUT_PART_BYTES, OutKind, RecordBatch, type OutRow } from '@tributary/contracts';
import { PartCutter } from '../../src/batch/part-cutter.ts';

function row(n: number, bytes: number): OutRow {
  return {
    kind: OutKind.record,
    topic: 'orders',
    route: 'all',
    row: n,
    logSequence: 1,
    timestampMs: n,
    key: Buffer.from('key'),
    headers: Buffer.alloc(0),
    value: Buffer.alloc(bytes),
  };
}

function cut(...sizes: number[]): number[][] {
  const cutter = new PartCutter();
  sizes.forEach((bytes, n) => cutter.record(row(n, bytes)));
  return cutter.finish().map(({ data }) => [...RecordBatch.open(data)].map((found) => found.row));
}

describe('cutting a batch into parts', () => {
  it('gives one part without data if there are no rows', () => {
    const cutter = new PartCutter();
    assert.ok(cutter.isEmpty);
    assert.deepEqual(cutter.finish(), [{ data: new Uint8Array(0), records: 0, deadLetters: null }]);
  });

  it('never makes a part larger than its bound, and fills parts in order', () => {
    const cutter = new PartCutter();
    for (let n = 0; n < 5_000; n++) cutter.record(row(n, (n * 37) % 2_000));
    const parts = cutter.finish();
    for (const { data } of parts) assert.ok(data.length <= OUT_PART_BYTES, `${data.length}`);
    const rows = parts.flatMap(({ data }) => [...RecordBatch.open(data)].map((found) => found.row));
    assert.deepEqual(rows, [...Array(5_000).keys()]);
    assert.equal(
      parts.reduce((sum, { records }) => sum + records, 0),
      5_000,
    );
  });

  it('lets a row that is larger than a part travel alone', () => {
    assert.deepEqual(cut(10, OUT_PART_BYTES + 1, 10, 10), [[0], [1], [2, 3]]);
    assert.deepEqual(cut(OUT_PART_BYTES, OUT_PART_BYTES), [[0], [1]]);
  });

  it('cuts at the same places whether a row is a record or, being too large, a dead letter', () => {
    const cutter = new PartCutter();
    cutter.record(row(0, 10));
    cutter.deadLetterAlone({ ...row(1, 10), kind: OutKind.deadLetter }, 'record-too-large');
    cutter.record(row(2, 10));
    cutter.record(row(3, 10));
    const parts = cutter.finish();
    const rows = parts.map(({ data }) => [...RecordBatch.open(data)].map((found) => found.row));
    assert.deepEqual(rows, cut(10, OUT_PART_BYTES + 1, 10, 10));
    assert.deepEqual([...(parts[1]?.deadLetters ?? [])], [['record-too-large', 1]]);
  });

  it('can be used again', () => {
    const cutter = new PartCutter();
    cutter.record(row(0, 10));
    cutter.finish();
    assert.ok(cutter.isEmpty);
    assert.equal(cutter.bytes, 0);
    cutter.record(row(1, 10));
    assert.equal(cutter.finish().length, 1);
  });
});
