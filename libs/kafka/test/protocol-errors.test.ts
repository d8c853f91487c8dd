import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolErrorsCodesById } from '@platformatic/kafka';
import { protocolErrorMeaning } from '../src/protocol-errors.ts';

test('names of error codes are those of the protocol', () => {
  for (const [id, name] of Object.entries(protocolErrorsCodesById)) {
    const known = protocolErrorMeaning(Number(id)).name;
    if (!known.startsWith('ERROR_')) assert.equal(known, name, `code ${id}`);
  }
});

for (const [code, fault] of [
  [10, 'recordFault'],
  [32, 'recordFault'],
  [87, 'recordFault'],
  [3, 'topicFault'],
  [17, 'topicFault'],
  [29, 'topicFault'],
] as const) {
  test(`code ${code} is a ${fault}`, () => assert.equal(protocolErrorMeaning(code)[fault], true));
}

test('an unknown code is final and nobody is to blame', () => {
  assert.deepEqual(protocolErrorMeaning(9999), {
    name: 'ERROR_9999',
    retryable: false,
    recordFault: false,
    topicFault: false,
  });
});
