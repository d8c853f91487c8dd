import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { logStream, StreamMeta } from '@tributary/contracts';
import { freePort } from '@tributary/testing';
import { connectNats, ensureLog, ensureStream, verifyStream } from '../src/mod.ts';
import { limits, shape, startLog } from './log-fixture.ts';

describe('streams', () => {
  it('are created once and verified later, with a random incarnation each', async () => {
    await using log = await startLog();
    const first = await ensureLog(log.manager, shape, limits);
    const again = await ensureLog(log.manager, shape, limits);
    assert.deepEqual(again, first);
    const incarnations = new Set(first.streams.map(({ incarnation }) => incarnation));
    assert.equal(incarnations.size, shape.partitions);
  });

  it('that were never written begin with 1, though the server says 0', async () => {
    await using log = await startLog();
    const { streams } = await ensureLog(log.manager, shape, limits);
    for (const { firstSequence, lastSequence } of streams)
      assert.deepEqual([firstSequence, lastSequence], [1, 0]);
  });

  it('get a new incarnation when they are created anew', async () => {
    await using log = await startLog();
    const [before] = (await ensureLog(log.manager, shape, limits)).streams;
    await log.manager.streams.delete(before?.name ?? '');
    const [after] = (await ensureLog(log.manager, shape, limits)).streams;
    assert.notEqual(after?.incarnation, before?.incarnation);
  });

  it('agree on one incarnation when many services start at once', async () => {
    await using log = await startLog();
    const all = await Promise.all(Array.from({ length: 8 }, () => ensureLog(log.manager, shape, limits)));
    for (const topology of all) assert.deepEqual(topology, all[0]);
  });

  for (const [what, change] of [
    ['size limit', { maxBytes: 1_000_000 }],
    ['duplicate window', { duplicateWindowMs: 5_000 }],
    [StreamMeta.partitions, { metadata: { [StreamMeta.partitions]: '16' } }],
  ] as const) {
    it(`that differ in ${what} are an error that names stream, difference and both values`, async () => {
      await using log = await startLog();
      const declared = logStream(shape, 0, limits);
      await ensureStream(log.manager, declared);
      await assert.rejects(ensureStream(log.manager, { ...declared, ...change }), (error: Error) => {
        assert.equal((error as Error & { code: string }).code, 'stream-differs');
        assert.match(error.message, /TRIB_LOG_1_0/);
        return error.message.includes(what);
      });
    });
  }

  it('that are missing are told apart from those that differ', async () => {
    await using log = await startLog();
    await assert.rejects(verifyStream(log.manager, logStream(shape, 0, limits)), { code: 'stream-missing' });
  });
});

describe('connecting to NATS', () => {
  it('names the servers when none answers', async () => {
    const url = `nats://127.0.0.1:${await freePort()}`;
    await assert.rejects(connectNats({ servers: [url], name: 'test', timeoutMs: 100 }), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, 'unreachable');
      return error.message.includes(url);
    });
  });

  for (const [what, info, code] of [
    ['a server that is too old', { version: '2.9.10', jetstream: true }, 'server-too-old'],
    ['a server without JetStream', { version: '2.12.0', jetstream: false }, 'jetstream-missing'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      // Speaks just the greeting of such a server: old binaries are not at hand everywhere.
      const greeter = createServer((socket) => {
        socket.write(`INFO ${JSON.stringify({ server_id: 'x', max_payload: 1024, proto: 1, ...info })}\r\n`);
        socket.on('data', (data) => {
          if (data.toString().includes('PING')) socket.write('PONG\r\n');
        });
        socket.on('error', () => socket.destroy());
      });
      await new Promise<void>((resolve) => greeter.listen(0, '127.0.0.1', resolve));
      const { port } = greeter.address() as AddressInfo;
      await assert.rejects(connectNats({ servers: [`nats://127.0.0.1:${port}`], name: 'test' }), { code });
      greeter.close();
    });
  }
});
