import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileMapping, formatFindings } from '../../src/mod.ts';
import { withTarget } from '../fixtures/documents.ts';

test('a finding reads as place, code, what is wrong and what to write', () => {
  const result = compileMapping(withTarget('kafka: t', 'key: ${devise}', 'headers: { mqtt.qos: x }'));
  assert.ok(!result.ok);
  assert.equal(
    formatFindings(result.findings, 'mapping.yaml'),
    [
      'mapping.yaml:9:14 error [unknown-name] in routes[0].to.key',
      '  `devise` is not known here',
      '  -> write `device`',
      '',
      'mapping.yaml:10:18 warning [header-reserved] in routes[0].to.headers.mqtt.qos',
      '  every record carries the header `mqtt.qos` already; this adds a second one',
      '  -> give the header a name of its own',
      '',
      '1 error, 1 warning',
      '',
    ].join('\n'),
  );
});

test('no findings, no text', () => assert.equal(formatFindings([], 'mapping.yaml'), ''));
