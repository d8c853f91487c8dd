import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUnittest } from '../../src/suites/paho.ts';

const stderr = `test_basic (__main__.Test.test_basic) ... ok
test_keepalive (__main__.Test.test_keepalive) ... Traceback (most recent call last):
  File "client_test5.py", line 1, in test_keepalive
AssertionError: length should be 1: []
FAIL
test_will (__main__.Test.test_will) ... ERROR

======================================================================
ERROR: test_will (__main__.Test.test_will)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "client_test5.py", line 2, in test_will
ConnectionResetError: [Errno 104] Connection reset by peer

======================================================================
FAIL: test_keepalive (__main__.Test.test_keepalive)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "client_test5.py", line 3, in test_keepalive
AssertionError: False != True

----------------------------------------------------------------------
Ran 3 tests in 1.000s
`;

test('unittest: passed, failed, and ended by an error', () => {
  const results = readUnittest('client_test5.py', { stdout: '', stderr, code: 1, late: false });
  assert.deepEqual(results, [
    { name: 'client_test5.py test_basic', outcome: 'passed', detail: '' },
    { name: 'client_test5.py test_keepalive', outcome: 'failed', detail: 'AssertionError: False != True' },
    {
      name: 'client_test5.py test_will',
      outcome: 'failed',
      detail: 'ConnectionResetError: [Errno 104] Connection reset by peer',
    },
  ]);
});

test('unittest: a test that does not end has failed', () => {
  const begun = 'test_basic (__main__.Test.test_basic) ... ok\ntest_hangs (__main__.Test.test_hangs) ... ';
  const results = readUnittest('x.py', { stdout: '', stderr: begun, code: null, late: true });
  assert.deepEqual(
    results.map(({ outcome, detail }) => [outcome, detail]),
    [
      ['passed', ''],
      ['failed', 'no end within 360 s'],
    ],
  );
});

test('unittest: output that names no test is an error, not a suite without failures', () => {
  const broken = { stdout: '', stderr: 'ModuleNotFoundError: no module named mqtt', code: 1, late: false };
  assert.throws(() => readUnittest('x.py', broken), { code: 'no-result' });
});
