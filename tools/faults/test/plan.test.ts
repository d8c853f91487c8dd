import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS } from '../src/faults/table.ts';
import { allRows, chosen, subset } from '../src/plan.ts';

test('rows have names that fit a Kafka topic, each once', () => {
  const names = allRows(1).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z0-9.-]+$/);
});

test('every fault has a row of its own, and the subset is part of them', () => {
  const names = allRows(1).map(({ name }) => name);
  for (const { name } of FAULTS) assert.ok(names.includes(name), name);
  for (const { name } of [...subset('single'), ...subset('cluster')]) assert.ok(names.includes(name), name);
});

test('the rows of random order follow from the seed', () => {
  const mixed = (seed: number): string[] =>
    allRows(seed)
      .filter(({ faults }) => faults.length > 1)
      .map(({ title }) => title);
  assert.deepEqual(mixed(5), mixed(5));
  assert.notDeepEqual(mixed(5), mixed(6));
});

test('rows are chosen by name or by how it begins, and a wrong name is an error', () => {
  const rows = allRows(1);
  assert.deepEqual(
    chosen(rows, ['kill-nats']).map(({ name }) => name),
    ['kill-nats'],
  );
  assert.ok(chosen(rows, ['freeze-*']).every(({ name }) => name.startsWith('freeze-')));
  assert.throws(() => chosen(rows, ['kill-nobody']), { code: 'usage', message: /no row "kill-nobody"/ });
});
