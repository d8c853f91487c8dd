import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePublishProperties, encodePublishProperties } from '@tributary/contracts';
import { messageExpiryOf, withMessageExpiry } from '../src/mod.ts';

test('the remaining expiry is put in place, everything else stays', () => {
  const properties = {
    payloadFormat: 1,
    messageExpiry: 3600,
    contentType: 'text/plain',
    userProperties: [
      ['b', '1'],
      ['a', ''],
      ['b', '2'],
    ],
  } satisfies Parameters<typeof encodePublishProperties>[0];
  const block = encodePublishProperties(properties);
  assert.equal(messageExpiryOf(block), 3600);
  assert.deepEqual(decodePublishProperties(withMessageExpiry(block, 17)), {
    ...properties,
    messageExpiry: 17,
  });
  assert.equal(messageExpiryOf(block), 3600, 'the stored block is not changed');
});

test('a block without an expiry, or broken, is left alone', () => {
  for (const block of [
    Buffer.alloc(0),
    encodePublishProperties({ userProperties: [['a', 'b']] }),
    Buffer.from([2, 0]),
  ]) {
    assert.equal(messageExpiryOf(block), undefined);
    assert.equal(withMessageExpiry(block, 17), block);
  }
});
