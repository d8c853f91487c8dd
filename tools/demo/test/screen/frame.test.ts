import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame, summary, topicLines } from '../../src/screen/frame.ts';
import { Screen } from '../../src/screen/screen.ts';
import type { View } from '../../src/screen/view.ts';

const view: View = {
  phase: 'replaying',
  elapsedMs: 30_000,
  expectedMs: 60_000,
  speed: 38,
  round: 1,
  connections: 280,
  online: 279,
  reconnects: 1,
  messages: 79_400,
  published: 40_000,
  acknowledged: 39_990,
  acknowledges: true,
  resent: 7,
  refused: 0,
  inLog: 39_995,
  logComplete: true,
  inKafka: 39_900,
  missing: 90,
  publishRate: 1322.4,
  kafkaRate: 1320,
  p50Ms: 8.234,
  p99Ms: 1_234,
  topics: new Map([
    ['hfp.due', 300],
    ['hfp.vp', 39_500],
    ['hfp.arr', 100],
  ]),
};

test('all of it fits 80 columns', () => {
  assert.deepEqual(frame(view, 79), [
    '  replaying at 38 times the speed  [=============             ]  00:30 of 01:00',
    '',
    '  connections          279  of 280, 1 reconnect',
    '  published         40,000  of 79,400  1,322/s, 7 sent again',
    '  acknowledged      39,990  10 open',
    '  in the log        39,995',
    '  in Kafka          39,900  1,320/s, 90 to come',
    '  latency           8.2 ms  p50, 1,234 ms p99, from device to Kafka',
    '',
    '  hfp.vp  39,500    hfp.due    300    hfp.arr    100',
  ]);
});

for (const width of [40, 60, 79, 139, 200]) {
  test(`no line is wider than ${width}`, () => {
    const topics = new Map(Array.from({ length: 19 }, (_, i) => [`hfp.event-${i}`, i * 1000]));
    for (const line of frame({ ...view, topics, round: 12, speed: 100_000 }, width))
      assert.ok(line.length <= width, line);
  });
}

test('topics are read downwards, the largest first', () => {
  const topics = new Map('abcde'.split('').map((name, i) => [name, 10 - i]));
  assert.deepEqual(topicLines(topics, 26), [
    '  a     10    d      7',
    '  b      9    e      6',
    '  c      8',
  ]);
  assert.deepEqual(topicLines(new Map(), 80), ['  nothing in Kafka yet']);
});

test('what is not known is not claimed', () => {
  const lines = frame({ ...view, acknowledges: false, logComplete: false, p50Ms: undefined }, 79).join('\n');
  assert.match(lines, /acknowledged +- +QoS 0 is not/);
  assert.match(lines, /in the log +>= 39,995/);
  assert.match(lines, /latency +- +p50/);
});

test('a log has one line for each moment', () => {
  assert.equal(
    summary(view),
    '00:30 replaying  connections 279  published 40,000  acknowledged 39,990  in the log 39,995  in Kafka 39,900  ' +
      '1,320/s  p50 8.2 ms  p99 1,234 ms  reconnects 1  sent again 7',
  );
});

test('a terminal is refreshed in place, and what happened stays above', () => {
  const written: string[] = [];
  const output = { isTTY: true, columns: 80, rows: 6, write: (text: string) => written.push(text) };
  {
    using screen = new Screen(output, () => view);
    screen.say('platform: something');
  }
  const [first, back, again, last] = written;
  assert.equal(first?.split('\n').length, 6, 'five lines of six, so that nothing scrolls');
  assert.equal(back, '\x1b[5A\x1b[Jplatform: something\n');
  assert.equal(again, first);
  assert.equal(last, `\x1b[5A\x1b[J${first}`);
});

test('elsewhere there are no control characters', () => {
  const written: string[] = [];
  {
    using screen = new Screen({ write: (text: string) => written.push(text) }, () => view);
    screen.say('platform: something');
  }
  assert.deepEqual(written, [`${summary(view)}\n`, 'platform: something\n', `${summary(view)}\n`]);
});
