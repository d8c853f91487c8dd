import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientId, clientOf } from '../src/message-mark.ts';

test('reads the number of a client from its id', () => {
  for (const client of [0, 7, 999, 123_456]) {
    const bytes = Buffer.from(`xx${clientId(client)}yy`);
    assert.equal(clientOf(bytes, 2, bytes.length - 4), client);
  }
});

test('knows what is no client id', () => {
  for (const key of ['', 'd', 'd12345', 'd1234567', 'x123456', 'd12x456'])
    assert.equal(clientOf(Buffer.from(key), 0, key.length), -1, key);
});
