import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestingError } from '../../src/errors.ts';
import { because, firstOf } from '../../src/provision/choices.ts';

test('the first choice that leads somewhere is taken, and no later one is tried', async () => {
  const tried: string[] = [];
  const choice = (advice: string, result: { file: string } | { unavailable: string }) => ({
    advice,
    find: async () => {
      tried.push(advice);
      return result;
    },
  });
  const choices = [
    choice('a', { unavailable: 'not set' }),
    choice('b', { file: 'b' }),
    choice('c', { file: 'c' }),
  ];
  assert.deepEqual(await firstOf('the server', choices), { file: 'b' });
  assert.deepEqual(tried, ['a', 'b']);
});

test('without any, the error lists every choice with its reason', async () => {
  const choices = [
    { advice: 'set SERVER', find: async () => ({ unavailable: 'not set' }) },
    { advice: 'install Go', find: async () => because(new Error('no network\nreally')) },
  ];
  await assert.rejects(firstOf<object>('the server', choices), (error) => {
    assert.ok(error instanceof TestingError);
    assert.equal(error.code, 'not-provisioned');
    assert.equal(
      error.message,
      'the server was not found. Any one of these will do:\n' +
        '  - set SERVER (not set)\n' +
        '  - install Go (no network\n      really)',
    );
    return true;
  });
});
