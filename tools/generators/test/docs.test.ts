import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderDocs } from '../src/docs.ts';
import { root } from './workspace-root.ts';

for (const { path, text } of await renderDocs(root)) {
  test(`${path} says what the declarations say (npm run docs writes it)`, async () => {
    assert.equal(await readFile(join(root, path), 'utf8'), text);
  });
}
