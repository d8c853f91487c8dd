import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../src/mod.ts';

const names = ['kafka.brokers', 'kafka.clientId', 'log.level', 'nats.servers'];
const cases: readonly (readonly [name: string, expected: string | undefined])[] = [
  ['kafka.broker', 'kafka.brokers'],
  ['kafka.clientID', 'kafka.clientId'],
  ['log.levle', 'log.level'],
  ['servers', undefined],
  ['completely.different', undefined],
  ['', undefined],
];
for (const [name, expected] of cases) {
  test(`"${name}" may mean ${expected ?? 'nothing known'}`, () => {
    assert.equal(nearest(name, names), expected);
  });
}
