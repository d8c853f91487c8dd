import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsConfig } from '../../src/nats/nats-config.ts';

test('the least that a configuration says', () => {
  assert.equal(
    natsConfig({ host: '127.0.0.1', port: 4222, storeFolder: '/data/nats' }),
    'server_name: "tributary-4222"\nlisten: "127.0.0.1:4222"\njetstream {\n  store_dir: "/data/nats"\n}\n',
  );
});

test('every option has its line', () => {
  const text = natsConfig({
    host: '127.0.0.1',
    port: 4222,
    monitorPort: 8222,
    storeFolder: '/data/nats',
    syncInterval: 'always',
    maxPayload: 2_097_152,
    maxStore: 1_000_000,
    extra: 'max_connections: 10',
  });
  for (const line of [
    'http: "127.0.0.1:8222"',
    'max_payload: 2097152',
    '  sync_interval: always',
    '  max_file_store: 1000000',
    'max_connections: 10',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
});
