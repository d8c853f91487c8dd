import assert from 'node:assert/strict';
import { test } from 'node:test';
import { javaPartition, murmur2 } from '../src/mod.ts';

/** From UtilsTest.testMurmur2 of Apache Kafka. */
const GOLDEN: readonly [text: string, hash: number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

for (const [text, hash] of GOLDEN) {
  test(`murmur2 of "${text}" is that of the Java client`, () => {
    assert.equal(murmur2(Buffer.from(text)), hash);
  });
}

/** Printed by `Utils.murmur2` of kafka-clients 4.1: every length modulo four, bytes that are negative in Java. */
const FROM_JAVA: readonly [hex: string, hash: number][] = [
  ['', 275646681],
  ['ff', -311467685],
  ['ff80', -442788720],
  ['ff8081', 1120456546],
  ['ff8081fe', -296161532],
  ['ff8081fe90', -612790979],
  ['c3bc6d6cc3a475742fc2a3e282acf0908d88', 1080436169],
];

for (const [hex, hash] of FROM_JAVA) {
  test(`murmur2 of the bytes "${hex}" is that of the Java client`, () => {
    assert.equal(murmur2(Buffer.from(hex, 'hex')), hash);
  });
}

test('a partition is the positive hash modulo the count, never negative', () => {
  assert.equal(javaPartition(Buffer.from('21'), 8), (-973932308 & 0x7fffffff) % 8);
  for (let i = 0; i < 1000; i++) {
    const partition = javaPartition(Buffer.from(`key-${i}`), 7);
    assert.ok(partition >= 0 && partition < 7);
  }
});

test('a view into a larger buffer hashes like its own bytes', () => {
  const whole = Buffer.from('xxfoobarxx');
  assert.equal(murmur2(whole.subarray(2, 8)), -790332482);
});
