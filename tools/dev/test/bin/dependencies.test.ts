import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TemporaryFolder } from '@tributary/testing';
import { isInstalled } from '../../bin/dependencies.mjs';

const wanted = {
  packages: {
    '': { version: '0.1.0' },
    'libs/log': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a-win32': { version: '1.0.0', optional: true },
  },
};

function installed(packages: object): boolean {
  using folder = new TemporaryFolder('dependencies-test');
  mkdirSync(join(folder.path, 'node_modules'));
  writeFileSync(join(folder.path, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
  return isInstalled(folder.path, wanted);
}

const cases: [what: string, packages: object, answer: boolean][] = [
  ['the version that is wanted is there', { 'node_modules/a': { version: '1.0.0' } }, true],
  ['another version is there', { 'node_modules/a': { version: '1.0.1' } }, false],
  ['a package is missing', {}, false],
];
for (const [what, packages, answer] of cases) {
  test(`${what}: ${answer ? 'nothing' : 'something'} needs to be installed`, () => {
    assert.equal(installed(packages), answer);
  });
}

test('nothing is installed: everything needs to be', () => {
  using folder = new TemporaryFolder('dependencies-test');
  assert.equal(isInstalled(folder.path, wanted), false);
});
