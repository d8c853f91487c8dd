import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, parseVersion } from '../../src/provision/version.ts';

const parsed: [text: string, version: number[] | undefined][] = [
  ['nats-server: v2.14.9', [2, 14, 9]],
  ['nats-server: v2.12', [2, 12, 0]],
  ['4.4.0.jar', [4, 4, 0]],
  ['v2.12.0-RC.3', [2, 12, 0]],
  ['unknown', undefined],
];
for (const [text, version] of parsed) {
  test(`the version in "${text}"`, () => assert.deepEqual(parseVersion(text), version));
}

const compared: [version: number[], floor: number[], enough: boolean][] = [
  [[2, 12, 0], [2, 12], true],
  [[2, 14, 9], [2, 12], true],
  [[3, 0, 0], [2, 12], true],
  [[2, 11, 99], [2, 12], false],
  [[2], [2, 12], false],
  [[3, 9, 1], [4, 0], false],
];
for (const [version, floor, enough] of compared) {
  test(`${version.join('.')} is ${enough ? '' : 'not '}at least ${floor.join('.')}`, () => {
    assert.equal(atLeast(version, floor), enough);
  });
}
