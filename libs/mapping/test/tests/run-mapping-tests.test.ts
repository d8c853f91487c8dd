import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileMapping, runMappingTests } from '../../src/mod.ts';
import { compiled } from '../fixtures/run.ts';

const routes = `version: 1
clusters: { main: { brokers: "k:1" }, spare: { brokers: "k:2" } }
defaults: { cluster: main }
routes:
  - name: readings
    from: { mqtt: "a/{device}" }
    to: { kafka: readings, key: "\${device}", headers: { from: "\${client}" } }
  - name: alarms
    from: { mqtt: "a/{device}" }
    when: payload.level > 2
    to: { kafka: alarms, cluster: spare, value: { level: "\${payload.level}", at: "\${received}" } }
tests:
`;

test('tests that pass are no findings', () => {
  const mapping = compiled(`${routes}
  - name: an alarm goes both ways
    message:
      topic: a/d1
      payload: { level: 3 }
      qos: 1
      retain: true
      client: sensor-1
      received: 2026-01-31T12:00:00Z
      properties:
        contentType: application/json
        user: [[unit, C], [unit, K]]
    records:
      - { route: readings, topic: readings, key: d1, value: '{"level":3}', headers: { from: sensor-1, unit: C } }
      - { cluster: spare, key: a/d1, value: { at: "2026-01-31T12:00:00.000Z", level: 3 }, headers: { content-type: application/json } }
    deadLetters: []
    unmatched: false
  - name: text is no alarm
    message: { topic: a/d1, payload: hot, properties: { user: { a: b } } }
    deadLetters: [{ route: alarms, code: payload-not-json }]
  - name: bytes
    message: { topic: a/d1, payloadBase64: eyJsZXZlbCI6IDF9 }
    records: [{ value: { level: 1 } }]
  - name: nobody
    message: { topic: b }
    records: []
    unmatched: true
`);
  assert.deepEqual(
    runMappingTests(mapping).map(({ name, passed }) => `${name}: ${passed}`),
    ['an alarm goes both ways: true', 'text is no alarm: true', 'bytes: true', 'nobody: true'],
  );
});

test('a test that fails is a finding that shows the difference', () => {
  const result = compileMapping(`${routes}
  - name: all wrong
    message: { topic: a/d1, payload: { level: 3 } }
    records:
      - { route: alarms, topic: x, key: null, value: { level: 3 }, headers: { from: y } }
      - { value: text }
    deadLetters: [{ code: payload-not-json }]
    unmatched: true
  - name: too few
    message: { topic: a/d1, payload: x }
    records: []
    deadLetters: [{ route: readings, code: expression-failed }]
`);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.findings.map(({ line, column, message }) => `${line}:${column} ${message}`),
    [
      '14:5 test "all wrong": deadLetters: expected 1, got 0',
      '14:5 test "all wrong": unmatched: expected true, got false',
      '17:9 test "all wrong": records[0].route: expected "alarms", got "readings"',
      '17:9 test "all wrong": records[0].topic: expected "x", got "readings"',
      '17:9 test "all wrong": records[0].key: expected null, got "d1"',
      '17:9 test "all wrong": records[0].headers.from: expected "y", got "test"',
      '18:9 test "all wrong": records[1].value: expected "text", got "{\\"level\\":3,\\"at\\":\\"1970-01-01T00:00:00.000Z\\"}"',
      '21:5 test "too few": records: expected 0, got 1\n  readings -> readings\n  alarms failed (payload-not-json): when: the payload is not JSON: Unexpected token \'x\', "x" is not valid JSON',
      '24:19 test "too few": deadLetters[0].route: expected "readings", got "alarms"',
      '24:19 test "too few": deadLetters[0].code: expected "expression-failed", got "payload-not-json" (when: the payload is not JSON: Unexpected token \'x\', "x" is not valid JSON)',
    ],
  );
});
