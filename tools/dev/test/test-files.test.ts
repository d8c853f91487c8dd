import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testFiles } from '../src/test-files.ts';

test('all test files of the workspace, or those that a filter chooses', () => {
  const all = testFiles([]);
  assert.ok(all.includes('tools/dev/test/test-files.test.ts'));
  assert.ok(all.every((file) => /^(apps|libs|tools)\/[^/]+\/test\/.*\.test\.ts$/.test(file)));
  assert.deepEqual(testFiles(['tools/dev/test/test-f']), ['tools/dev/test/test-files.test.ts']);
  assert.ok(testFiles(['libs/testing', 'tools/dev/test/test-f']).length > 10);
});

test('a filter that chooses nothing is an error', () => {
  assert.throws(() => testFiles(['libs/testing', 'no/such']), {
    code: 'usage',
    message: /no test file has "no\/such"/,
  });
});
