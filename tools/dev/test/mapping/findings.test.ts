import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Severity } from '@tributary/contracts/control';
import { findingLines } from '../../src/mapping/findings.ts';

test('a finding shows place, severity, code, message and what to write', () => {
  const finding = {
    severity: Severity.ERROR,
    line: 12,
    column: 5,
    code: 'unknown-key',
    path: 'routes[0].to',
    message: 'there is no key "kafak"\nhere',
    suggestion: 'write kafka',
  };
  assert.deepEqual(findingLines('m.yaml', [finding]), [
    'm.yaml:12:5 error [unknown-key] in routes[0].to',
    '    there is no key "kafak"',
    '    here',
    '    -> write kafka',
  ]);
  const plain = { ...finding, severity: Severity.WARNING, path: '', suggestion: '', message: 'odd' };
  assert.deepEqual(findingLines('m.yaml', [plain]), ['m.yaml:12:5 warning [unknown-key]', '    odd']);
});
