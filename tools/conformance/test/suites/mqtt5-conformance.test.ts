import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLibtest } from '../../src/suites/mqtt5-conformance.ts';

const stdout = `
running 3 tests
test suite::b_fails [MQTT-3.1.0-2]                            ... FAILED
test suite::a_passes [MQTT-3.1.0-1]                           ... ok
test suite::c_other [MQTT-3.1.3-8] [missing: transport.tls]   ... ignored

failures:

---- suite::b_fails [MQTT-3.1.0-2] ----
b_fails: assertion failed: left == right
  left: 1
 right: 2

failures:
    suite::b_fails [MQTT-3.1.0-2]

test result: FAILED. 1 passed; 1 failed; 1 ignored
`;

test('libtest: passed, failed with its reason, and not run', () => {
  assert.deepEqual(readLibtest(stdout), [
    { name: 'a_passes [MQTT-3.1.0-1]', outcome: 'passed', detail: '' },
    {
      name: 'b_fails [MQTT-3.1.0-2]',
      outcome: 'failed',
      detail: 'b_fails: assertion failed: left == right   left: 1  right: 2',
    },
    { name: 'c_other [MQTT-3.1.3-8]', outcome: 'skipped', detail: 'missing: transport.tls' },
  ]);
});

test('libtest: output without a test is an error', () => {
  assert.throws(() => readLibtest('error: failed to load sut.toml'), { code: 'no-result' });
});
