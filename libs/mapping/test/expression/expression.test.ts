import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTarget } from '../fixtures/documents.ts';
import { compiled, encodeProperties, message, outcomeOf } from '../fixtures/run.ts';

const payload = JSON.stringify({
  n: 3,
  x: 2.5,
  id: 12345678901234567890n.toString(),
  s: 'text "quoted"',
  t: true,
  none: null,
  list: [1, 'b', { c: 2 }],
  map: { 'a-b': 1, nested: { deep: 'yes' } },
}).replace('"12345678901234567890"', '12345678901234567890');

const input = message({
  topic: 'a/d1/bus/x/y',
  payload,
  properties: encodeProperties({
    contentType: 'application/json',
    messageExpiry: 60,
    userProperties: [
      ['k', 'first'],
      ['other', 'o'],
      ['k', 'last'],
    ],
  }),
});

/** The key a template gives, or the code and reason of the failure. */
function keyOf(template: string, from = input): string | null {
  const mapping = compiled(withTarget('kafka: t', `key: ${JSON.stringify(template)}`));
  const { records, failures } = outcomeOf(mapping, from);
  return records[0]?.key ?? failures.map(({ code, reason }) => `${code}: ${reason}`)[0] ?? null;
}

for (const [template, key] of [
  // Names
  ['${device}/${mode}', 'd1/bus'],
  ['${topic}|${rest}', 'a/d1/bus/x/y|x/y'],
  ['${client} ${qos} ${retain}', 'client-1 1 false'],
  ['${received}', '2026-01-31T12:00:00.000Z'],
  ['${received.getHours()}', '12'],
  ['${payloadText.size() > 10}', 'true'],
  ['$${device} costs $5', '${device} costs $5'],
  // JSON
  ['${payload.n}', '3'],
  ['${payload.x}', '2.5'],
  ['${payload.id}', '12345678901234567890'],
  ['${payload.s}', 'text "quoted"'],
  ['${payload.t}', 'true'],
  ['${payload.list}', '[1,"b",{"c":2}]'],
  ['${payload.list[2].c}', '2'],
  ['${payload.map["a-b"]}', '1'],
  ['${payload.?missing.?deeper.orValue("none")}', 'none'],
  ['${has(payload.none) ? "there" : "absent"}', 'there'],
  ['${payload.none == null ? "null" : "value"}', 'null'],
  // Numbers of JSON are doubles, those of expressions ints
  ['${payload.n + 1}', '4'],
  ['${1 + payload.n}', '4'],
  ['${payload.n * 2 - 1}', '5'],
  ['${payload.n / 2}', '1.5'],
  ['${payload.n % 2}', '1'],
  ['${7 % payload.n}', '1'],
  ['${payload.n == 3 && payload.n > 2 && payload.n in [1, 3]}', 'true'],
  ['${qos + payload.x}', '3.5'],
  ['${int(payload.x)}', '2'],
  // Functions
  ['${mode.upperAscii()}-${device.substring(1)}', 'BUS-1'],
  ['${topic.split("/")[1]}', 'd1'],
  ['${mode.matches("^(bus|tram)$")}', 'true'],
  ['${payload.list.exists(x, x == "b")}', 'true'],
  ['${cel.bind(v, payload.map.nested, v.deep + v.deep)}', 'yesyes'],
  ['${timestamp("2024-01-01T00:00:00Z") < received}', 'true'],
  ['${duration("90s")}', '90s'],
  ['${uint(7)}', '7'],
  // Properties
  ['${properties.contentType}', 'application/json'],
  ['${properties.user["k"]}', 'last'],
  ['${properties.user.?absent.orValue("-")}', '-'],
  ['${has(properties.responseTopic)}', 'false'],
  ['${properties.messageExpiry + 1}', '61'],
] as const) {
  test(`${template} is ${key}`, () => assert.equal(keyOf(template), key));
}

for (const [template, failure] of [
  ['${payload.missing}', 'expression-failed: to.key: No such key: missing (payload.missing)'],
  ['${payload.n.deeper}', 'expression-failed: to.key: No such key: deeper (payload.n.deeper)'],
  ['${payload.none}', 'not-representable: to.key: the result is null, which is not text'],
  ['${payload.?missing}', 'not-representable: to.key: the field is missing; add .orValue(...)'],
  ['${payload.n / 0}', 'not-representable: to.key: the result is Infinity, which is not a number in JSON'],
  ['${b"\\xff"}-', 'not-representable: to.key: the result is bytes that are not UTF-8'],
  [
    '${properties.responseTopic}',
    'expression-failed: to.key: No such key: responseTopic (properties.responseTopic)',
  ],
] as const) {
  test(`${template} fails`, () => assert.equal(keyOf(template), failure));
}

test('a payload that is not JSON fails only where an expression reads it', () => {
  const text = message({ payload: 'ON' });
  assert.match(keyOf('${payload.x}', text) ?? '', /^payload-not-json: to\.key: the payload is not JSON: /);
  assert.equal(keyOf('${payloadText}', text), 'ON');
  assert.equal(keyOf('${device}', text), 'd1');
  const binary = message({ payload: Uint8Array.of(0xff, 0xfe) });
  assert.match(keyOf('${payload.x}', binary) ?? '', /^payload-not-utf8: /);
  assert.match(keyOf('${payloadText}', binary) ?? '', /^payload-not-utf8: /);
});

test('properties that cannot be decoded are a failure of the message', () => {
  const broken = message({ properties: Uint8Array.of(1) });
  assert.match(keyOf('${device}', broken) ?? '', /^properties-invalid: /);
});

test('a payload cannot reach what is not its own', () => {
  for (const field of ['constructor', 'toString', '__proto__', 'prototype']) {
    assert.match(keyOf(`\${payload["${field}"]}`) ?? '', /^expression-failed: /);
  }
  const hostile = message({ payload: '{"constructor": null, "__proto__": {"x": 1}, "a": 1}' });
  assert.match(keyOf('${payload.x}', hostile) ?? '', /^expression-failed: /);
});

test('JSON nested deeper than the stack is a failure of the message', () => {
  const deep = message({ payload: `${'['.repeat(200_000)}${']'.repeat(200_000)}` });
  assert.match(keyOf('${payload}', deep) ?? '', /^(payload-not-json|expression-failed|not-representable): /);
});
