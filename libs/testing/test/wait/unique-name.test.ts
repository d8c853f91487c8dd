import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniqueName } from '../../src/wait/unique-name.ts';

test('unique names keep their prefix and are valid Kafka topic names', () => {
  const names = Array.from({ length: 100 }, () => uniqueName('orders'));
  assert.equal(new Set(names).size, 100);
  for (const name of names) assert.match(name, /^orders-[a-z0-9]{10}$/);
});
