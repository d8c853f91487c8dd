import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileMapping } from '../../src/mod.ts';
import { HEAD } from '../fixtures/documents.ts';

test('all traps of a file are reported at once, and what is behind them is checked too', () => {
  const result = compileMapping(`${HEAD}routes:
  - name: r
    from:
      mqtt: {site}/{device}/# # everything of a site
    when: !has(payload.test)
    to:
      kafka: readings
      key: {site}/{devise}
      value: { id: \${device}, n: \${payload.n ? 1 : 0} }
      headers: { a: \${sit} }
`);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.findings.map(({ line, column, code }) => `${line}:${column} ${code}`),
    [
      '7:13 yaml-braces',
      '8:11 yaml-tag',
      '11:12 yaml-braces',
      '11:20 unknown-name',
      '12:20 yaml-flow-template',
      '13:21 yaml-flow-template',
      '13:23 unknown-name',
    ],
  );
});

test('values that only look like traps are none', () => {
  const result = compileMapping(`${HEAD}routes:
  - name: r
    from: { mqtt: "{site}/+/#" }
    when: 'payload.a > 1 && mode(site)'
    to: { kafka: t }
`);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.findings.map(({ code }) => code),
    ['unknown-function'],
  );
  const valid = compileMapping(`${HEAD}routes:
  - name: r
    from:
      mqtt: +/{site}/#
    when: |
      has(payload.a)
      && payload.a["b: c"] != "#"
    to:
      kafka: t
      topics: [t, "u"]
      key: >-
        \${site}/\${topic}
`);
  assert.ok(valid.ok);
  assert.deepEqual(
    valid.warnings.map(({ code }) => code),
    ['topics-unreachable'],
  );
});

test('places inside a block of several lines are exact', () => {
  const result = compileMapping(`${HEAD}routes:
  - name: r
    from: { mqtt: "{site}/#" }
    when: |
      site == "a" &&
        sitee == "b"
    to: { kafka: t }
`);
  assert.ok(!result.ok);
  const [finding] = result.findings;
  assert.deepEqual([finding?.line, finding?.column, finding?.code], [9, 9, 'unknown-name']);
});
