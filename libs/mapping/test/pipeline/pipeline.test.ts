import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordSink } from '../../src/mod.ts';
import { readHeaderList } from '../../src/tests/read-header-list.ts';
import { HEAD, routeLines, withCondition, withRoute, withTarget } from '../fixtures/documents.ts';
import { compiled, encodeProperties, message, options, outcomeOf } from '../fixtures/run.ts';

test('by default a record is the message: key is the topic, value the payload, headers tell the rest', () => {
  const payload = Uint8Array.of(0, 1, 2, 0xff);
  const input = message({
    topic: 'a/é',
    payload,
    qos: 2,
    retain: true,
    clientId: 'sensor ü',
    trace: Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
    properties: encodeProperties({
      contentType: 'application/octet-stream',
      userProperties: [
        ['b', '1'],
        ['a', ''],
        ['b', '2'],
      ],
    }),
  });
  const calls: unknown[] = [];
  const sink: RecordSink = {
    record: (route, topic, key, value, headers, timestampMs) => {
      calls.push(
        route.name,
        topic,
        Buffer.from(key ?? []).toString(),
        value,
        readHeaderList(headers),
        timestampMs,
      );
    },
    deadLetter: () => assert.fail(),
    drop: () => assert.fail(),
    block: () => assert.fail(),
    unmatched: () => assert.fail(),
  };
  compiled(withRoute('from: { mqtt: "#" }', 'to: { kafka: t }')).pipeline('main', options).map(input, sink);
  assert.deepEqual(calls, [
    'r',
    't',
    'a/é',
    Buffer.from(payload),
    [
      ['b', '1'],
      ['a', ''],
      ['b', '2'],
      ['content-type', 'application/octet-stream'],
      ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      ['mqtt.qos', '2'],
      ['mqtt.retain', 'true'],
      ['mqtt.client_id', 'sensor ü'],
      ['mqtt.topic', 'a/é'],
    ],
    input.receivedMs,
  ]);
});

test('headers of a route are added after the others, whether they follow from the topic or the message', () => {
  const mapping = compiled(withTarget('kafka: t', 'headers: { d: "${device}", c: "${client}", k: "x" }'));
  const input = message({ properties: encodeProperties({ userProperties: [['d', 'spoofed']] }) });
  const headers = outcomeOf(mapping, input).records[0]?.headers ?? [];
  assert.deepEqual(headers.at(0), ['d', 'spoofed']);
  assert.deepEqual(headers.slice(-3), [
    ['d', 'd1'],
    ['k', 'x'],
    ['c', 'client-1'],
  ]);
});

test('key: null gives records without a key', () => {
  assert.equal(outcomeOf(compiled(withTarget('kafka: t', 'key: null')), message({})).records[0]?.key, null);
  assert.equal(outcomeOf(compiled(withTarget('kafka: t', 'key: ~')), message({})).records[0]?.key, null);
});

for (const [value, expected] of [
  ['plain ${device}', 'plain d1'],
  ['${payload.list}', '[1,2]'],
  ['5', '5'],
] as const) {
  test(`value: ${value}`, () => {
    const mapping = compiled(withTarget('kafka: t', `value: ${value}`));
    assert.equal(outcomeOf(mapping, message({ payload: '{"list":[1,2]}' })).records[0]?.value, expected);
  });
}

test('an expression with bytes as its result gives those bytes', () => {
  const mapping = compiled(withTarget('kafka: t', 'value: ${properties.correlationData}'));
  const correlationData = Uint8Array.of(0xff, 0);
  const values: Uint8Array[] = [];
  const pipeline = mapping.pipeline('main', {
    ...options,
    decodeProperties: () => ({ correlationData, userProperties: [] }),
  });
  pipeline.map(message({ properties: Uint8Array.of(1) }), {
    record: (_route, _topic, _key, value) => values.push(value.slice()),
    deadLetter: (_route, code) => assert.fail(code),
    drop: () => assert.fail(),
    block: () => assert.fail(),
    unmatched: () => assert.fail(),
  });
  assert.deepEqual(values, [correlationData]);
});

test('a YAML map becomes JSON: single expressions keep their type, texts are escaped', () => {
  const mapping = compiled(
    withTarget(
      'kafka: t',
      'value:',
      '  id: ${device}',
      '  text: "${payload.s}!"',
      '  n: ${payload.n}',
      '  big: ${payload.big}',
      '  qos: ${qos}',
      '  at: ${received}',
      '  nothing: ${payload.z}',
      '  maybe: ${payload.?m}',
      '  all: ${payload.o}',
      '  fixed: [1, 2.5, true, null, "x\\"y", { a: {} }, 12345678901234567890]',
      '  "odd ${key}": $${literal}',
    ),
  );
  const payload = '{"s":"a\\"\\n\\u2028é","n":1.5,"big":9007199254740993,"z":null,"o":{"b":[1,{}],"a":""}}';
  assert.equal(
    outcomeOf(mapping, message({ payload })).records[0]?.value,
    '{"id":"d1","text":"a\\"\\n\u2028é!","n":1.5,"big":9007199254740993,"qos":1,' +
      '"at":"2026-01-31T12:00:00.000Z","nothing":null,"maybe":null,"all":{"b":[1,{}],"a":""},' +
      '"fixed":[1,2.5,true,null,"x\\"y",{"a":{}},12345678901234567890],"odd ${key}":"${literal}"}',
  );
});

test('every matching route applies, in the order of the file', () => {
  const mapping = compiled(
    `${HEAD}routes:\n${routeLines('one', 'a/#', '{ kafka: x }')}${routeLines('two', '+/d1/#', '{ kafka: y }')}` +
      routeLines('three', 'b/#', '{ kafka: z }'),
  );
  const { records, unmatched } = outcomeOf(mapping, message({}));
  assert.deepEqual(
    records.map(({ route, topic }) => `${route.name} ${topic}`),
    ['one x', 'two y'],
  );
  assert.equal(unmatched, false);
});

test('a condition decides, by topic or by message', () => {
  const byTopic = compiled(withCondition('mode in ["bus", "tram"]'));
  assert.equal(outcomeOf(byTopic, message({ topic: 'a/d/tram' })).records.length, 1);
  assert.equal(outcomeOf(byTopic, message({ topic: 'a/d/ferry' })).records.length, 0);
  const byMessage = compiled(withCondition('payload.speed > 10'));
  assert.equal(outcomeOf(byMessage, message({ payload: '{"speed": 10.5}' })).records.length, 1);
  assert.equal(outcomeOf(byMessage, message({ payload: '{"speed": 10}' })).records.length, 0);
});

test('a condition that fails is a dead letter, not a silent no', () => {
  const { failures } = outcomeOf(compiled(withCondition('payload.speed > 10')), message({ payload: '{}' }));
  assert.deepEqual(
    failures.map(({ code, reason }) => [code, reason]),
    [['expression-failed', 'when: No such key: speed (payload.speed > 10)']],
  );
});

test('a Kafka topic that is not listed fails for its message alone, with and without cache', () => {
  const mapping = compiled(withTarget('kafka: v.${mode}', 'topics: [v.bus]'));
  const pipeline = mapping.pipeline('main', options);
  const seen: string[] = [];
  const sink: RecordSink = {
    record: (_route, topic) => seen.push(topic),
    deadLetter: (_route, code, reason) => seen.push(`${code} ${reason}`),
    drop: () => assert.fail(),
    block: () => assert.fail(),
    unmatched: () => assert.fail(),
  };
  for (const topic of ['a/1/bus', 'a/1/ferry', 'a/1/ferry', 'a/1/bus'])
    pipeline.map(message({ topic }), sink);
  const failure = 'kafka-topic-not-listed to.kafka: topics does not list "v.ferry"';
  assert.deepEqual(seen, ['v.bus', failure, failure, 'v.bus']);
  assert.deepEqual([pipeline.cache.hits, pipeline.cache.misses], [2, 2]);
});

function policyLog(policy: string, payload: string): string[] {
  const text =
    `${HEAD}routes:\n${routeLines('plain', 'a/#', '{ kafka: x }')}` +
    `  - name: strict\n    from: { mqtt: "a/#" }\n    onError: ${policy}\n    to: { kafka: y, key: "\${payload.id}" }\n`;
  const log: string[] = [];
  const sink: RecordSink = {
    record: (route, topic, key) =>
      log.push(`record ${route.name} ${topic} ${Buffer.from(key ?? []).toString()}`),
    deadLetter: (route, code) => log.push(`deadLetter ${route.name} ${code}`),
    drop: (route, code) => log.push(`drop ${route.name} ${code}`),
    block: (route, code) => log.push(`block ${route.name} ${code}`),
    unmatched: (unmatched) => log.push(`unmatched ${unmatched}`),
  };
  compiled(text)
    .pipeline('main', options)
    .map(message({ topic: 'a', payload }), sink);
  return log;
}

for (const [policy, log] of [
  ['deadLetter', ['record plain x a', 'deadLetter strict expression-failed']],
  ['drop', ['record plain x a', 'drop strict expression-failed']],
  // Nothing of a blocked message is produced: it is mapped again later.
  ['block', ['block strict expression-failed']],
] as const) {
  test(`onError: ${policy}`, () => {
    assert.deepEqual(policyLog(policy, '{}'), log);
    assert.deepEqual(policyLog(policy, '{"id": 7}'), ['record plain x a', 'record strict y 7']);
  });
}

test('the pipeline of the default cluster alone tells of messages that no route of any cluster takes', () => {
  const mapping = compiled(`version: 1
clusters: { one: { brokers: "k:1" }, two: { brokers: "k:2" } }
defaults: { cluster: one, unmatched: deadLetter }
routes:
${routeLines('r', 'a/#', '{ kafka: t }')}
  - name: s
    from: { mqtt: "b/#" }
    when: payload.x > 1
    to: { kafka: t, cluster: two }
`);
  const told = (cluster: string, topic: string, payload = '') => {
    const log: string[] = [];
    mapping.pipeline(cluster, options).map(message({ topic, payload }), {
      record: () => log.push('record'),
      deadLetter: () => log.push('deadLetter'),
      drop: () => assert.fail(),
      block: () => assert.fail(),
      unmatched: (policy) => log.push(`unmatched ${policy}`),
    });
    return log;
  };
  assert.deepEqual(told('one', 'a/1'), ['record']);
  assert.deepEqual(told('two', 'a/1'), []);
  assert.deepEqual(told('one', 'c'), ['unmatched deadLetter']);
  assert.deepEqual(told('two', 'c'), []);
  assert.deepEqual(told('one', 'b/1', '{"x": 2}'), []);
  assert.deepEqual(told('two', 'b/1', '{"x": 2}'), ['record']);
  assert.deepEqual(told('one', 'b/1', '{"x": 1}'), ['unmatched deadLetter']);
  // A condition that fails has taken the message: it is a dead letter of its route.
  assert.deepEqual(told('one', 'b/1', 'x'), []);
  assert.deepEqual(told('two', 'b/1', 'x'), ['deadLetter']);
});

test('what a sink throws passes through, and the pipeline goes on afterwards', () => {
  const pipeline = compiled(withTarget('kafka: t', 'key: ${payload.x}')).pipeline('main', options);
  const keys: string[] = [];
  let fail = true;
  const sink: RecordSink = {
    record: (_route, _topic, key) => {
      if (fail) throw new Error('batch full');
      keys.push(Buffer.from(key ?? []).toString());
    },
    deadLetter: () => assert.fail(),
    drop: () => assert.fail(),
    block: () => assert.fail(),
    unmatched: () => assert.fail(),
  };
  assert.throws(() => pipeline.map(message({ payload: '{"x":1}' }), sink), /batch full/);
  fail = false;
  pipeline.map(message({ payload: '{"x":2}' }), sink);
  assert.deepEqual(keys, ['2']);
});

test('the payload is decoded once for all routes', () => {
  const text = `${HEAD}routes:\n${['a', 'b', 'c']
    .map(
      (name) =>
        `  - name: ${name}\n    from: { mqtt: "#" }\n    to: { kafka: ${name}, key: "\${payload.x}" }\n`,
    )
    .join('')}`;
  let reads = 0;
  const base = message({ payload: '{"x":1}' });
  const input = {
    ...base,
    get payload() {
      reads++;
      return base.payload;
    },
  };
  assert.equal(outcomeOf(compiled(text), input).records.length, 3);
  // Once to be decoded, and once for the value of each record.
  assert.equal(reads, 4);
});
