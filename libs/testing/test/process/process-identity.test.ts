import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameProcess, thisProcess } from '../../src/process/process-identity.ts';

test('a process knows itself, and nothing else with its id', () => {
  assert.equal(sameProcess(thisProcess()), true);
  assert.equal(sameProcess(`${process.pid} 1`), false);
  assert.equal(sameProcess('999999999 1'), false);
  assert.equal(sameProcess(''), false);
});
