import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort, portIsFree } from '../../src/wait/free-port.ts';

test('free ports differ, can be listened on, and lie below the ports of outgoing connections', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  assert.equal(new Set(ports).size, ports.length);
  for (const port of ports) assert.ok(port < 32_768, String(port));
});

test('a port that is listened on is not free', async () => {
  const port = await freePort();
  assert.equal(await portIsFree(port), true);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  assert.equal(await portIsFree(port), false);
  server.close();
});
