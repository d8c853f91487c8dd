import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fnv1a32, partitionOf } from '../src/mod.ts';

describe('partition of a client', () => {
  // Values published with the algorithm (draft-eastlake-fnv, test vectors of FNV-1a 32).
  for (const [text, hash] of [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['b', 0xe70c2de5],
    ['foobar', 0xbf9cf968],
  ] as const) {
    it(`hashes "${text}" as FNV-1a does`, () => assert.equal(fnv1a32(text), hash));
  }

  it('is stable: changing it needs a new log generation', () => {
    assert.deepEqual(
      ['sensor-1', 'sensor-2', 'größe', '車両'].map((id) => partitionOf(id, 8)),
      [1, 0, 2, 5],
    );
  });

  it('spreads similar client ids evenly', () => {
    const counts = new Array<number>(8).fill(0);
    for (let i = 0; i < 8_000; i++) {
      const p = partitionOf(`device-${i}`, 8);
      counts[p] = (counts[p] ?? 0) + 1;
    }
    for (const count of counts) assert.ok(count > 800 && count < 1_200, `partition has ${count} of 8000`);
  });
});
