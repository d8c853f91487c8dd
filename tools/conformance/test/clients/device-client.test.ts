import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChecks } from '../../src/clients/device-client.ts';

test('each check has passed, failed with its reason, or not been come to', () => {
  const checks = readChecks('ok QoS 0\nfailed QoS 1: TimeoutError\nok QoS 2 and more\n');
  assert.equal(checks.get('QoS 0'), null);
  assert.equal(checks.get('QoS 1'), 'failed QoS 1: TimeoutError');
  assert.equal(checks.get('QoS 2'), 'the program did not come to it');
  assert.equal(checks.size, 7);
});
