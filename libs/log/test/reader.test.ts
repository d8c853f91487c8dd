import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { Envelope, streamNames } from '@tributary/contracts';
import { FaultProxy } from '@tributary/testing';
import { connectNats, ensureLog, LogAppender, StreamReader } from '../src/mod.ts';
import { limits, numbered, numberOf, range, shape, startLog, type LogFixture } from './log-fixture.ts';

const stream = streamNames.log(1, 0);

async function fill(log: LogFixture, count: number, bytes = 0): Promise<void> {
  const appender = new LogAppender(log.publisher, shape);
  for (const n of range(count)) {
    appender.append(0, numbered(n, bytes), null);
    if (n % 10 === 9) await appender.flush();
  }
  await appender.flush();
}

/** Resolves when the connection says this of itself the next time. */
async function once(nats: NatsConnection, wanted: string): Promise<void> {
  for await (const { type } of nats.status()) if (type === wanted) return;
}

async function readNumbers(reader: StreamReader, count: number): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.length < count) {
    for (const { data } of await reader.take(64 * 1024, 10_000)) {
      for (const row of Envelope.open(data)) numbers.push(numberOf(row));
    }
  }
  return numbers;
}

describe('reading a stream by position', () => {
  it('starts where it is told and follows what is appended later', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 100);
    using reader = await StreamReader.open(log.nats, {
      stream,
      from: 3,
      signal: AbortSignal.timeout(60_000),
    });
    assert.deepEqual(await readNumbers(reader, 80), range(100).slice(20));
    await fill(log, 10);
    assert.deepEqual(await readNumbers(reader, 10), range(10));
  });

  it('hands over all that waits, up to the given size but at least one message', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 50, 1_000);
    using reader = await StreamReader.open(log.nats, {
      stream,
      from: 1,
      signal: AbortSignal.timeout(60_000),
    });
    await delay(500);
    assert.equal((await reader.take(1)).length, 1);
    assert.equal((await reader.take(25_000)).length, 2);
    assert.equal((await reader.take(1_000_000)).length, 2);
    assert.deepEqual(await reader.take(1_000_000, 50), [], 'nothing came within 50 ms');
    assert.equal(reader.position, 6);
  });

  it('reads all in order while the server is killed and restarted', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 4_000);
    const options = {
      stream,
      from: 1,
      signal: AbortSignal.timeout(120_000),
      bufferBytes: 1_000,
    };
    using reader = await StreamReader.open(log.nats, options);
    const numbers = await readNumbers(reader, 500);
    for (let round = 0; round < 2; round++) {
      await log.server.kill();
      await log.server.start();
      numbers.push(...(await readNumbers(reader, 500)));
    }
    numbers.push(...(await readNumbers(reader, 4_000 - numbers.length)));
    assert.deepEqual(numbers, range(4_000));
  });

  it('stops with an error at a hole instead of passing over it', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 50);
    await log.manager.streams.purge(stream, { seq: 3 });
    using reader = await StreamReader.open(log.nats, {
      stream,
      from: 1,
      signal: AbortSignal.timeout(60_000),
    });
    await assert.rejects(reader.take(1_000, 10_000), { code: 'position-gap' });
  });

  it('does not take a stream that was created anew for the one it reads', async () => {
    await using log = await startLog();
    const [identity] = (await ensureLog(log.manager, shape, limits)).streams;
    await fill(log, 50);
    using reader = await StreamReader.open(log.nats, {
      stream,
      from: 1,
      incarnation: identity?.incarnation ?? '',
      signal: AbortSignal.timeout(60_000),
    });
    assert.deepEqual(await readNumbers(reader, 50), range(50));
    await log.manager.streams.delete(stream);
    await ensureLog(log.manager, shape, limits);
    await fill(log, 100);
    await assert.rejects(reader.take(1_000, 50_000), { code: 'incarnation-unknown' });
  });

  it('buffers no more than its bound while nobody takes', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 3_000, 10_000);
    const before = process.memoryUsage().arrayBuffers;
    const options = {
      stream,
      from: 1,
      signal: AbortSignal.timeout(60_000),
      bufferBytes: 500_000,
    };
    using reader = await StreamReader.open(log.nats, options);
    await delay(1_500);
    const grown = process.memoryUsage().arrayBuffers - before;
    console.log(`buffered about ${(grown / 1e6).toFixed(1)} MB of 30 MB`);
    assert.ok(grown < 8_000_000, `${grown} bytes`);
    assert.deepEqual(await readNumbers(reader, 3_000), range(3_000));
  });

  it('goes on in another consumer where the server has lost the one it had', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 50);
    using reader = await StreamReader.open(log.nats, {
      stream,
      from: 1,
      signal: AbortSignal.timeout(60_000),
    });
    assert.deepEqual(await readNumbers(reader, 50), range(50));
    for await (const { name } of log.manager.consumers.list(stream)) {
      await log.manager.consumers.delete(stream, name);
    }
    await fill(log, 50);
    assert.deepEqual(await readNumbers(reader, 50), range(50));
  });

  it('reads all in order while the server hangs for longer than its patience', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 4_000, 500);
    using reader = await StreamReader.open(log.nats, {
      stream,
      from: 1,
      signal: AbortSignal.timeout(120_000),
      bufferBytes: 20_000,
    });
    const numbers = await readNumbers(reader, 1_000);
    log.server.pause();
    await delay(6_000);
    log.server.resume();
    numbers.push(...(await readNumbers(reader, 3_000)));
    assert.deepEqual(numbers, range(4_000));
  });

  it('takes messages that are larger than all it may buffer', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 60, 20_000);
    using reader = await StreamReader.open(log.nats, {
      stream,
      from: 1,
      signal: AbortSignal.timeout(60_000),
      bufferBytes: 1_000,
    });
    assert.deepEqual(await readNumbers(reader, 60), range(60));
  });

  it('is not cut off as a slow consumer, however many readers share a connection and have a backlog', async () => {
    const [STREAMS, MESSAGES, BYTES] = [16, 24, 500 * 1024];
    await using log = await startLog();
    const drops: string[] = [];
    void (async () => {
      for await (const { type } of log.nats.status()) if (type === 'disconnect') drops.push(type);
    })();
    for (const n of range(STREAMS)) {
      await log.manager.streams.add({ name: `S${n}`, subjects: [`s.${n}`] });
      for (let m = 0; m < MESSAGES; m++) {
        await log.publisher.publish(`s.${n}`, new Uint8Array(BYTES), [], 10_000);
      }
    }
    const read = async (n: number): Promise<number> => {
      using reader = await StreamReader.open(log.nats, {
        stream: `S${n}`,
        from: 1,
        signal: AbortSignal.timeout(120_000),
      });
      let count = 0;
      while (count < MESSAGES) {
        count += (await reader.take(1)).length;
        // What a reader does with it: the event loop is busy.
        for (const end = performance.now() + 5; performance.now() < end;);
      }
      return reader.position;
    };
    const positions = await Promise.all(range(STREAMS).map(read));
    assert.deepEqual(
      positions,
      range(STREAMS).map(() => MESSAGES + 1),
    );
    assert.deepEqual(drops, []);
  });

  it('takes no lost delivery for a hole: what a broken connection had on its way is read again', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await using proxy = await FaultProxy.start({ target: log.server });
    const nats = await connectNats({ servers: [`nats://${proxy.address}`], name: 'reading' });
    const signal = AbortSignal.timeout(60_000);
    try {
      using reader = await StreamReader.open(nats, { stream, from: 1, signal });
      for (let round = 0; round < 3; round++) {
        await fill(log, 10);
        assert.deepEqual(await readNumbers(reader, 10), range(10));
        // The server gives this to a connection that then breaks...
        proxy.holdAnswers();
        await fill(log, 10);
        await delay(50);
        const back = once(nats, 'reconnect');
        proxy.reset();
        proxy.pass();
        await back;
        // ... and this to its successor, for the same pull.
        await fill(log, 10);
        assert.deepEqual(await readNumbers(reader, 20), [...range(10), ...range(10)]);
      }
    } finally {
      await nats.close();
    }
  });

  it('does not take for a hole what a replica that is behind begins a consumer with', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    await fill(log, 100);
    // As such a replica does, a server begins at its own end if it is asked for what is beyond.
    using reader = await StreamReader.open(log.nats, {
      stream,
      from: 16,
      signal: AbortSignal.timeout(60_000),
    });
    await fill(log, 100);
    assert.deepEqual(await readNumbers(reader, 50), range(100).slice(50));
  });

  it('ends with its signal', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const controller = new AbortController();
    using reader = await StreamReader.open(log.nats, { stream, from: 1, signal: controller.signal });
    const taking = reader.take(1_000);
    controller.abort();
    assert.deepEqual(await taking, []);
  });
});
