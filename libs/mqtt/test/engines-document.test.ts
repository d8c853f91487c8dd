import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ReasonCode } from '../src/mod.ts';
import { aedesExceptions } from './support/aedes-exceptions.ts';

const document = new URL('../../../docs/engines.md', import.meta.url);
const text = readFileSync(document, 'utf8');

/** First cells of the table rows that begin with what `pattern` captures. */
function rows(pattern: RegExp): string[] {
  return text.split('\n').flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

test('docs/engines.md has a row for every exception that is tested, and no other', () => {
  assert.deepEqual(rows(/^\| `([a-z-]+)`/).sort(), Object.keys(aedesExceptions).sort());
});

test('docs/engines.md has a row for every reason code, in their order', () => {
  const codes = [...new Set<number>(Object.values(ReasonCode))].sort((a, b) => a - b);
  assert.deepEqual(rows(/^\| (0x[0-9A-F]{2}) /).map(Number), codes);
});

test('docs/engines.md links to what exists', () => {
  const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, path]) => path ?? '');
  assert.ok(links.length > 20);
  for (const path of links) assert.ok(existsSync(new URL(path, document)), path);
});
