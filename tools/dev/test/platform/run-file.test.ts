import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TemporaryFolder } from '@tributary/testing';
import {
  removeRunFile,
  runningSupervisor,
  writeRunFile,
  type RunDescription,
} from '../../src/platform/run-file.ts';

const RUN: RunDescription = {
  supervisor: process.pid,
  started: '2026-01-01T00:00:00.000Z',
  data: '/data',
  mqtt: 'mqtt://127.0.0.1:1883',
  websocket: 'ws://127.0.0.1:8083/mqtt',
  kafka: ['127.0.0.1:9092'],
  nats: 'nats://127.0.0.1:4222',
  control: '127.0.0.1:9405',
  mqttNodes: ['mqtt://127.0.0.1:1883'],
  websocketNodes: ['ws://127.0.0.1:8083/mqtt'],
  mapping: { file: '/mapping.yaml', version: 1 },
  processes: [],
};

test('the file names its supervisor until that has ended', () => {
  using folder = new TemporaryFolder('run-file-test');
  const file = join(folder.path, 'deep', 'run.json');
  writeRunFile(file, RUN);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), RUN);
  assert.deepEqual(readdirSync(join(folder.path, 'deep')), ['run.json']);
  assert.equal(runningSupervisor(file), process.pid);
  writeRunFile(file, { ...RUN, supervisor: 999_999_999 });
  assert.equal(runningSupervisor(file), undefined);
  writeFileSync(file, '{"half');
  assert.equal(runningSupervisor(file), undefined);
});

test('only its own supervisor removes it', () => {
  using folder = new TemporaryFolder('run-file-test');
  const file = join(folder.path, 'run.json');
  writeRunFile(file, { ...RUN, supervisor: 1 });
  removeRunFile(file);
  assert.equal(existsSync(file), true);
  writeRunFile(file, RUN);
  removeRunFile(file);
  assert.equal(existsSync(file), false);
});
