import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import { streamNames } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { ensureLog, LogAppender } from '../src/mod.ts';
import { limits, numbered, Outcomes, range, shape, startLog, storedNumbers } from './log-fixture.ts';

const stream = streamNames.log(1, 0);

/** Numbers of the rows stored at the moment, which are then removed from the log. */
async function drain(manager: JetStreamManager): Promise<number[]> {
  const { state } = await manager.streams.info(stream);
  const numbers = await storedNumbers(manager, stream, state.last_seq);
  if (state.messages > 0) await manager.streams.purge(stream, { seq: state.last_seq + 1 });
  return numbers;
}

describe('appending to the log', () => {
  it('stores rows in order and says so in order, in far fewer envelopes than rows', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const appender = new LogAppender(log.publisher, shape);
    const outcomes = new Outcomes();
    for (const n of range(10_000)) {
      appender.append(0, numbered(n), outcomes.waiter(n));
      if (n % 100 === 0) await delay(0);
    }
    await appender.flush();
    assert.deepEqual(outcomes.stored, range(10_000));
    assert.deepEqual(await storedNumbers(log.manager, stream), range(10_000));
    const { state } = await log.manager.streams.info(stream);
    assert.ok(state.messages < 1_000, `${state.messages} envelopes`);
  });

  it('lets the first row of an idle partition leave at once, without waiting for its linger', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const appender = new LogAppender(log.publisher, { ...shape, lingerMs: 60_000 });
    const outcomes = new Outcomes();
    appender.append(0, numbered(0), outcomes.waiter(0));
    await until(() => outcomes.settled === 1, { timeoutMs: 5_000, what: 'the row to be stored' });
    assert.deepEqual(outcomes.stored, [0]);
  });

  it('is flushed when what was there is stored, although more and more comes', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const appender = new LogAppender(log.publisher, { ...shape, lingerMs: 1 });
    const outcomes = new Outcomes();
    let n = 0;
    const pouring = setInterval(() => appender.append(0, numbered(n), outcomes.waiter(n++)), 0);
    try {
      await until(() => n > 20, { intervalMs: 1 });
      for (let round = 0; round < 20; round++) {
        const before = n;
        await appender.flush();
        assert.deepEqual(outcomes.stored.slice(0, before), range(before));
      }
    } finally {
      clearInterval(pouring);
    }
    await appender.flush();
    assert.deepEqual(outcomes.stored, range(n));
  });

  it('tells each row its sequence and its index in the envelope', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const appender = new LogAppender(log.publisher, shape);
    const positions: string[] = [];
    const waiter = { stored: (s: number, r: number) => positions.push(`${s}.${r}`), failed: assert.fail };
    for (const n of range(3)) appender.append(1, numbered(n), waiter);
    await appender.flush();
    assert.deepEqual(positions, ['1.0', '1.1', '1.2']);
  });

  it('stores every row exactly once while the server is killed and restarted again and again', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    let retries = 0;
    const appender = new LogAppender(log.publisher, { ...shape, onRetry: () => retries++ });
    const outcomes = new Outcomes();
    let appended = 0;
    const producing = (async () => {
      for (; appended < 20_000; appended++) {
        appender.append(0, numbered(appended), outcomes.waiter(appended));
        if (appended % 20 === 0) await delay(1);
      }
    })();
    for (let round = 0; round < 4; round++) {
      await delay(250);
      await log.server.kill();
      await log.server.start();
    }
    await producing;
    await appender.flush();
    const stored = await storedNumbers(log.manager, stream);
    console.log(
      `appended ${appended}, confirmed ${outcomes.stored.length}, stored ${stored.length}, retries ${retries}`,
    );
    assert.ok(retries > 0, 'the kills must have hit envelopes in flight');
    assert.deepEqual(outcomes.failed, []);
    assert.deepEqual(stored, range(20_000));
  });

  it('asks for a pause above its high-water mark while the server hangs, and resumes', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const appender = new LogAppender(log.publisher, { ...shape, highWaterBytes: 100_000 });
    const outcomes = new Outcomes();
    log.server.pause();
    let n = 0;
    while (appender.append(0, numbered(n, 1_000), outcomes.waiter(n))) n++;
    assert.ok(n > 50 && n < 200, `paused after ${n} rows of 1,000 bytes`);
    assert.equal(appender.writable(1), true, 'another partition is not concerned');
    let resumed = false;
    appender.whenWritable(0, () => (resumed = true));
    await delay(200);
    assert.equal(resumed, false);
    log.server.resume();
    await until(() => resumed, { timeoutMs: 15_000, what: 'the resume' });
    await appender.flush();
    assert.deepEqual(await storedNumbers(log.manager, stream), range(n + 1));
  });

  it('gives up within bounds, fails what came after too, and goes on when the server is back', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const appender = new LogAppender(log.publisher, { ...shape, giveUpMs: 500 });
    const outcomes = new Outcomes();
    await log.server.kill();
    appender.append(0, numbered(0), outcomes.waiter(0));
    await delay(50);
    appender.append(0, numbered(1), outcomes.waiter(1));
    await until(() => outcomes.settled === 2, { timeoutMs: 20_000, what: 'both rows to fail' });
    assert.deepEqual(
      outcomes.failed.map(({ n, error }) => [n, error.code]),
      [
        [0, 'not-stored'],
        [1, 'not-stored'],
      ],
    );
    await log.server.start();
    await until(
      async () => {
        appender.append(0, numbered(2), outcomes.waiter(2));
        await appender.flush();
        return outcomes.stored.includes(2);
      },
      { timeoutMs: 20_000, what: 'appends to work again' },
    );
  });

  it('keeps a full store from losing anything: rows wait and are stored when there is room', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, { ...limits, maxBytes: 600_000 });
    const appender = new LogAppender(log.publisher, shape);
    const outcomes = new Outcomes();
    for (const n of range(1_500)) {
      appender.append(0, numbered(n, 1_000), outcomes.waiter(n));
      if (n % 50 === 0) await delay(10);
    }
    await delay(1_000);
    const before = outcomes.stored.length;
    assert.ok(before > 0 && before < 1_500, `${before} of 1,500 fit`);
    const kept: number[] = [];
    await until(
      async () => {
        const settled = outcomes.settled === 1_500;
        kept.push(...(await drain(log.manager)));
        return settled;
      },
      { timeoutMs: 30_000, what: 'the rest to be stored' },
    );
    assert.deepEqual(kept, range(1_500));
    assert.deepEqual(outcomes.failed, []);
  });

  it('fails what is unconfirmed when it is closed', async () => {
    await using log = await startLog();
    await ensureLog(log.manager, shape, limits);
    const appender = new LogAppender(log.publisher, shape);
    const outcomes = new Outcomes();
    appender.append(0, numbered(0), outcomes.waiter(0));
    appender.close();
    appender.append(0, numbered(1), outcomes.waiter(1));
    await until(() => outcomes.settled === 2, { timeoutMs: 5_000, what: 'both to be settled' });
    assert.deepEqual(
      outcomes.failed.map(({ error }) => error.code),
      ['closed', 'closed'],
    );
  });
});
