import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { natsInfo } from '../../src/nats/nats-probe.ts';
import { startNats } from '../../src/nats/nats-server.ts';
import { alive } from '../../src/process/alive.ts';
import { atLeast, parseVersion } from '../../src/provision/version.ts';

test('a server with JetStream, recent enough, that goes with its folder', async () => {
  let pid = 0;
  let folder = '';
  {
    await using nats = await startNats({ maxPayload: 2_097_152, syncInterval: 'always' });
    const info = await natsInfo(nats.host, nats.port);
    assert.equal(nats.url, `nats://127.0.0.1:${nats.port}`);
    assert.equal(info.jetstream, true);
    assert.equal(info.max_payload, 2_097_152);
    assert.ok(atLeast(parseVersion(info.version) ?? [], [2, 12]), info.version);
    pid = nats.pid;
    folder = dirname(nats.process.launch.logFile);
    assert.ok(existsSync(folder));
  }
  assert.equal(alive(pid), false);
  assert.equal(existsSync(folder), false);
});

test('two servers live side by side', async () => {
  await using one = await startNats();
  await using other = await startNats();
  assert.notEqual(one.port, other.port);
});

test('a frozen server keeps connections and answers nothing until it goes on', async () => {
  await using nats = await startNats();
  nats.pause();
  await assert.rejects(natsInfo(nats.host, nats.port, 100), /no INFO/);
  nats.resume();
  await natsInfo(nats.host, nats.port);
});

for (const how of ['stop', 'kill'] as const) {
  test(`it comes back on its port after ${how}`, async () => {
    await using nats = await startNats();
    const { pid } = nats;
    await nats[how]();
    await assert.rejects(natsInfo(nats.host, nats.port), { code: 'ECONNREFUSED' });
    await nats.start();
    assert.notEqual(nats.pid, pid);
    await natsInfo(nats.host, nats.port);
  });
}

test('a port that is taken is an error, and the server that has it is not mistaken for ours', async () => {
  await using nats = await startNats();
  await assert.rejects(startNats({ port: nats.port }), {
    code: 'port-taken',
    message: `nats-server needs port ${nats.port} of 127.0.0.1, but another process listens there`,
  });
});
