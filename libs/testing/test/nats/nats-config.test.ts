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

test('a member of a cluster names the others, not itself', () => {
  const cluster = { name: 'three', port: 6223, peers: [6222, 6223, 6224] };
  const text = natsConfig({ host: '127.0.0.1', port: 4223, storeFolder: '/data/nats', cluster });
  assert.match(text, /^cluster \{\n {2}name: "three"\n {2}listen: "127\.0\.0\.1:6223"\n/m);
  assert.match(text, /^ {2}routes: \["nats:\/\/127\.0\.0\.1:6222", "nats:\/\/127\.0\.0\.1:6224"\]$/m);
});
