import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestingError } from '../../src/errors.ts';
import { until } from '../../src/wait/until.ts';

test('until returns the first truthy value', async () => {
  let calls = 0;
  assert.equal(await until(() => (++calls === 3 ? 'three' : undefined), { intervalMs: 1 }), 'three');
});

test('until takes a predicate that throws as not yet', async () => {
  let calls = 0;
  const predicate = () => {
    if (++calls < 3) throw new Error('refused');
    return calls;
  };
  assert.equal(await until(predicate, { intervalMs: 1 }), 3);
});

test('until says what it waited for and why the last look failed', async () => {
  const refuse = () => Promise.reject(new Error('refused'));
  await assert.rejects(
    until(refuse, { what: 'the server answers', timeoutMs: 30, intervalMs: 5 }),
    (error) => {
      assert.ok(error instanceof TestingError);
      assert.equal(error.code, 'timeout');
      assert.match(error.message, /waited 30 ms in vain until the server answers/);
      assert.ok(error.cause instanceof Error);
      assert.equal(error.cause.message, 'refused');
      return true;
    },
  );
});

test('until ends when its signal is aborted', async () => {
  const signal = AbortSignal.timeout(20);
  await assert.rejects(
    until(() => false, { signal, timeoutMs: 5000 }),
    { name: /AbortError|TimeoutError/ },
  );
});
