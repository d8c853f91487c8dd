import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { failureTable, findingTable } from '../src/mod.ts';
import { propertyFields, variables } from '../src/expression/variables.ts';
import { compiled } from './fixtures/run.ts';

const reference = readFileSync(new URL('../../../docs/mapping.md', import.meta.url), 'utf8');

/** The rows of the table that begins with these column heads, as cells. */
function table(...heads: string[]): string[][] {
  const lines = reference.split('\n');
  const start = lines.findIndex((line) => cells(line).join() === heads.join());
  assert.notEqual(start, -1, `no table with the columns ${heads.join(', ')}`);
  const rows: string[][] = [];
  for (let index = start + 2; lines[index]?.startsWith('|'); index++) rows.push(cells(lines[index] ?? ''));
  return rows;
}

function cells(line: string): string[] {
  if (!line.startsWith('|')) return [];
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

test('the reference lists every finding', () => {
  const expected = Object.entries(findingTable).map(([code, { severity, about }]) => [
    `\`${code}\``,
    severity,
    about,
  ]);
  assert.deepEqual(table('code', 'severity', 'meaning'), expected);
});

test('the reference lists every reason of a dead letter', () => {
  const expected = Object.entries(failureTable).map(([code, about]) => [`\`${code}\``, about]);
  assert.deepEqual(table('code', 'meaning'), expected);
});

test('the reference lists every variable and property', () => {
  const listed = table('name', 'type', 'meaning').map(([name, , about]) => [name, about]);
  assert.deepEqual(
    listed,
    Object.entries(variables).map(([name, { about }]) => [`\`${name}\``, about]),
  );
  for (const property of Object.keys(propertyFields))
    assert.ok(reference.includes(`\`${property}\``), property);
});

test('every mapping of the reference compiles', () => {
  const mappings = [...reference.matchAll(/```yaml\n(version: 1\n[^`]*)```/g)].map(([, text]) => text ?? '');
  assert.equal(mappings.length, 4);
  for (const text of mappings) compiled(text);
});
