import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { varintSize, varlongSize, writeVarint, writeVarlong } from '../../src/platformatic/varint.ts';

/** From ByteUtilsTest of Apache Kafka. */
const GOLDEN: readonly [value: number, hex: string][] = [
  [0, '00'],
  [-1, '01'],
  [1, '02'],
  [63, '7e'],
  [-64, '7f'],
  [64, '8001'],
  [-65, '8101'],
  [8191, 'fe7f'],
  [-8192, 'ff7f'],
  [8192, '808001'],
  [-8193, '818001'],
  [2147483647, 'feffffff0f'],
  [-2147483648, 'ffffffff0f'],
];

for (const [value, hex] of GOLDEN) {
  test(`${value} as varint and varlong is ${hex}`, () => {
    const target = Buffer.alloc(10);
    assert.equal(target.toString('hex', 0, writeVarint(target, value, 0)), hex);
    assert.equal(target.toString('hex', 0, writeVarlong(target, value, 0)), hex);
    assert.equal(varintSize(value), hex.length / 2);
  });
}

test('any safe integer survives as varlong, and is as long as announced', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const target = Buffer.alloc(12);
      const end = writeVarlong(target, value, 2);
      let zigzag = 0n;
      for (let at = end - 1; at >= 2; at--) zigzag = (zigzag << 7n) | BigInt(target[at]! & 0x7f);
      assert.equal((zigzag >> 1n) ^ -(zigzag & 1n), BigInt(value));
      assert.equal(varlongSize(value), end - 2);
    }),
  );
});
