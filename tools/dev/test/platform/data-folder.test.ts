import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TemporaryFolder } from '@tributary/testing';
import { DataFolder } from '../../src/platform/data-folder.ts';

test('clearing removes our state and nothing else, whatever folder the user named', () => {
  using folder = new TemporaryFolder('data-test');
  const data = new DataFolder(folder.path);
  data.create();
  mkdirSync(join(data.nats, 'store'), { recursive: true });
  writeFileSync(data.log('kafka'), 'old');
  writeFileSync(join(folder.path, 'thesis.txt'), 'precious');
  data.clear();
  assert.deepEqual(readdirSync(folder.path).sort(), ['logs', 'thesis.txt']);
  assert.deepEqual(readdirSync(join(folder.path, 'logs')), []);
});

test('logs begin anew, and those of the run before stay', () => {
  using folder = new TemporaryFolder('data-test');
  const data = new DataFolder(folder.path);
  data.create();
  for (const run of ['first', 'second', 'third']) {
    data.turnLogs();
    writeFileSync(data.log('kafka'), run, { flag: 'a' });
  }
  assert.equal(readFileSync(data.log('kafka'), 'utf8'), 'third');
  assert.equal(readFileSync(data.log('kafka.previous'), 'utf8'), 'second');
});
