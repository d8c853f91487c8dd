import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { streamNames, subjects, type OutPosition } from '@tributary/contracts';
import { CheckpointedWriter, ensureOut, readCheckpoint, type WriterOptions } from '../src/mod.ts';
import { limits, range, shape, startLog, type LogFixture } from './log-fixture.ts';

const stream = streamNames.out('main', 1, 0);
const subject = subjects.out('main', 1, 0);

const at = (n: number, epoch = 1): OutPosition => ({
  incarnation: 'aa',
  from: n,
  sequence: n,
  part: 1,
  parts: 1,
  mapping: 1,
  epoch,
});

const options = (log: LogFixture, signal = new AbortController().signal): WriterOptions => ({
  publisher: log.publisher,
  manager: log.manager,
  stream,
  subject,
  signal,
});

describe('checkpointed writing', () => {
  it('finds its own last message again', async () => {
    await using log = await startLog();
    await ensureOut(log.manager, 'main', shape, limits);
    const first = await CheckpointedWriter.open(options(log));
    assert.equal(first.checkpoint, null);
    await first.writer.write(at(1), Buffer.from('one'));
    await first.writer.write(at(2), Buffer.from('two'));
    const second = await CheckpointedWriter.open(options(log));
    assert.deepEqual(second.checkpoint, { outSequence: 2, position: at(2) });
    assert.equal(await second.writer.write(at(3), Buffer.alloc(0)), 3);
  });

  it('tells an old owner that it was deposed, and stores nothing of it', async () => {
    await using log = await startLog();
    await ensureOut(log.manager, 'main', shape, limits);
    const old = await CheckpointedWriter.open(options(log));
    await old.writer.write(at(1, 1), Buffer.from('old'));
    const successor = await CheckpointedWriter.open(options(log));
    await successor.writer.write(at(2, 2), Buffer.from('new'));
    await assert.rejects(old.writer.write(at(2, 1), Buffer.from('late')), { code: 'deposed' });
    const { state } = await log.manager.streams.info(stream);
    assert.equal(state.messages, 2);
  });

  it('takes a message whose answer was lost as stored', async () => {
    await using log = await startLog();
    await ensureOut(log.manager, 'main', shape, limits);
    const { writer } = await CheckpointedWriter.open(options(log));
    const twin = await CheckpointedWriter.open(options(log));
    await twin.writer.write(at(1), Buffer.from('one'));
    assert.equal(await writer.write(at(1), Buffer.from('one')), 1, 'the same write, sent twice');
    assert.equal(await writer.write(at(2), Buffer.from('two')), 2);
  });

  it('writes each message exactly once while the server is killed and restarted', async () => {
    await using log = await startLog();
    await ensureOut(log.manager, 'main', shape, limits);
    let retries = 0;
    const { writer } = await CheckpointedWriter.open({ ...options(log), onRetry: () => retries++ });
    const killing = (async () => {
      for (let round = 0; round < 3; round++) {
        await delay(300);
        await log.server.kill();
        await log.server.start();
      }
    })();
    for (const n of range(1_500)) {
      await writer.write(at(n + 1), Buffer.from(String(n)));
      await delay(1);
    }
    await killing;
    const texts: string[] = [];
    for (const n of range(1_500)) {
      const message = await log.manager.streams.getMessage(stream, { seq: n + 1 });
      texts.push(Buffer.from(message?.data ?? []).toString());
    }
    const { state } = await log.manager.streams.info(stream);
    console.log(`written 1500, stored ${state.messages}, retries ${retries}`);
    assert.deepEqual(texts, range(1_500).map(String));
    assert.equal(state.messages, 1_500);
  });

  it('waits while the store is full, and ends with its signal', async () => {
    await using log = await startLog();
    await ensureOut(log.manager, 'main', shape, { ...limits, maxBytes: 10_000 });
    const controller = new AbortController();
    const { writer } = await CheckpointedWriter.open(options(log, controller.signal));
    await writer.write(at(1), Buffer.alloc(8_000));
    const blocked = writer.write(at(2), Buffer.alloc(8_000));
    await delay(300);
    assert.equal((await readCheckpoint(log.manager, stream, subject))?.outSequence, 1);
    controller.abort();
    await assert.rejects(blocked, { code: 'closed' });
  });
});
