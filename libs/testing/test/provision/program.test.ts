import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findProgram, run, skipWithout } from '../../src/provision/program.ts';

test('an installed program is found and its tests are not skipped', () => {
  assert.match(findProgram('sh') ?? '', /\/sh$/);
  assert.equal(skipWithout('sh'), false);
});

test('the reason of a skip names what is missing', () => {
  assert.equal(findProgram('no-such-program'), undefined);
  assert.equal(skipWithout('no-such-program'), 'needs no-such-program, which is not installed');
  assert.equal(
    skipWithout('sh', 'no-such-a', 'no-such-b'),
    'needs no-such-a and no-such-b, which is not installed',
  );
});

test('a program that fails gives an error with what it printed', async () => {
  await assert.rejects(run('sh', ['-c', 'echo out; echo broken pipe >&2; exit 3']), /out\nbroken pipe/);
  assert.equal((await run('sh', ['-c', 'echo fine'])).stdout, 'fine\n');
});
