import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownedFolders, readOwners } from '../src/owners.ts';
import { root } from './workspace-root.ts';

test('every project and every folder of docs has an owner', async () => {
  const owned = new Set((await readOwners(root)).map(({ path }) => path));
  assert.deepEqual(
    (await ownedFolders(root)).filter((folder) => !owned.has(folder)),
    [],
  );
});

test('no entry is stale, double or without a team', async () => {
  const entries = (await readOwners(root)).filter(({ path }) => path !== '*');
  const folders = new Set(await ownedFolders(root));
  assert.deepEqual(
    entries.filter(({ path }) => !folders.has(path)),
    [],
  );
  assert.equal(new Set(entries.map(({ path }) => path)).size, entries.length);
  for (const { path, owners } of entries) {
    assert.ok(owners.length > 0, `${path} has a team`);
    for (const owner of owners) assert.match(owner, /^@tributary\/[a-z-]+$/);
  }
});
