import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnswerReader } from '../src/load/answer-reader.ts';

function puback(packetId: number): number[] {
  return [0x40, 2, packetId >> 8, packetId & 255];
}

test('reads answers however they are cut', () => {
  const ids = fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 20 });
  fc.assert(
    fc.property(ids, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }), (wanted, cuts) => {
      const bytes = Uint8Array.from(wanted.flatMap(puback));
      const reader = new AnswerReader();
      const found: number[] = [];
      let at = 0;
      for (const length of [...cuts, bytes.length]) {
        const piece = bytes.subarray(at, at + length);
        at += piece.length;
        assert.ok(reader.read(piece, piece.length, (type, id) => found.push(type, id)));
      }
      assert.deepEqual(
        found,
        wanted.flatMap((id) => [4, id]),
      );
    }),
  );
});

test('refuses what is no answer to a publishing client', () => {
  const publish = Uint8Array.of(0x30, 5, 0, 1, 97, 120, 120);
  assert.equal(
    new AnswerReader().read(publish, publish.length, () => undefined),
    false,
  );
  const late = new AnswerReader();
  assert.ok(late.read(Uint8Array.of(0x40), 1, () => undefined));
  assert.equal(
    late.read(Uint8Array.of(3, 0, 1), 3, () => undefined),
    false,
  );
});
