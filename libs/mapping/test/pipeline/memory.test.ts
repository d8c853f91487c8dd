import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { RecordSink } from '../../src/mod.ts';
import { withTarget } from '../fixtures/documents.ts';
import { compiled, message, options } from '../fixtures/run.ts';

const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const nowhere: RecordSink = {
  record: () => undefined,
  deadLetter: () => assert.fail(),
  drop: () => assert.fail(),
  block: () => assert.fail(),
  unmatched: () => assert.fail(),
};

/** Bytes in use after a full collection, on the heap and off it. */
function usedBytes(): number {
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A topic as a row of the log gives it: a string of its own. */
function topic(prefix: string, index: number): string {
  return Buffer.from(`a/${prefix}${index}/bus/x`).toString('latin1');
}

for (const [name, lines] of [
  ['key by topic', ['kafka: t', 'key: ${device}/${mode}', 'headers: { mode: "${mode}" }']],
  ['key by message', ['kafka: t', 'key: ${device}/${client}']],
  ['value by topic', ['kafka: t', 'key: null', 'value: { device: "${device}", mode: "${mode}" }']],
] as const) {
  test(`the bytes a full cache counts are those it uses (${name})`, () => {
    const cacheBytes = 32 * MIB;
    const pipeline = compiled(withTarget(...lines)).pipeline('main', { ...options, cacheBytes });
    const input = message({});
    pipeline.map(input, nowhere);
    const before = usedBytes();
    for (let index = 0; pipeline.cache.bytes < cacheBytes * 0.8; index++) {
      pipeline.map({ ...input, topic: topic('', index) }, nowhere);
    }
    const used = usedBytes() - before;
    const counted = pipeline.cache.bytes;
    const ratio = used / counted;
    assert.ok(ratio > 0.6 && ratio < 1.05, `${used} bytes used, ${counted} counted: ${ratio.toFixed(2)}`);
  });
}

test('distinct topics without end leave memory flat', () => {
  const cacheBytes = 4 * MIB;
  const pipeline = compiled(withTarget('kafka: t', 'key: ${device}')).pipeline('main', {
    ...options,
    cacheBytes,
  });
  const input = message({});
  const feed = (prefix: string, count: number) => {
    for (let index = 0; index < count; index++) {
      pipeline.map({ ...input, topic: topic(prefix, index) }, nowhere);
      if (index % 1000 === 0) assert.ok(pipeline.cache.bytes <= cacheBytes);
    }
    return usedBytes();
  };
  const filled = feed('warm', 50_000);
  const later = feed('more', 250_000);
  assert.ok(pipeline.cache.misses >= 300_000);
  // Fifty times what fits has gone through. A generation more or less is alive, nothing else.
  assert.ok(later - filled < cacheBytes, `${later - filled} bytes more`);
});
