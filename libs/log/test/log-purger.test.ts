import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { buckets, DUPLICATE_WINDOW_MS, streamNames } from '@tributary/contracts';
import {
  CursorRegistry,
  ensureLog,
  LogAppender,
  LogPurger,
  openBucket,
  type CursorEntry,
} from '../src/mod.ts';
import { numbered, range, shape, startLog, type LogFixture } from './log-fixture.ts';

const KIB = 1024;
const MAX_BYTES = 1024 * KIB;
/** Of 10 KiB each: 97 % of the bound. */
const MESSAGES = 96;

interface Scene extends AsyncDisposable {
  log: LogFixture;
  cursors: CursorRegistry;
  incarnation: string;
  /** Purges as if the duplicate window had passed since everything was stored. */
  purge(purger: LogPurger): Promise<number>;
  /** Makes it optional, and puts it where it is said to be. */
  at(reader: string, sequence: number, optional: boolean): Promise<void>;
  entry(reader: string): Promise<CursorEntry>;
  first(): Promise<number>;
}

async function scene(): Promise<Scene> {
  const log = await startLog();
  const topology = await ensureLog(log.manager, shape, { maxBytes: MAX_BYTES, replicas: 1 });
  const incarnation = topology.streams[0]?.incarnation ?? '';
  const cursors = new CursorRegistry(await openBucket(log.js, buckets.cursors, { replicas: 1 }));
  for (const reader of ['session-state', 'cluster_a', 'cluster_b']) await cursors.register(reader, topology);
  const appender = new LogAppender(log.publisher, shape);
  for (const n of range(MESSAGES)) {
    appender.append(0, numbered(n, 10 * KIB), null);
    await appender.flush();
  }
  const entry = async (reader: string): Promise<CursorEntry> => {
    const found = (await cursors.readers(1, 0)).find((each) => each.reader === reader);
    assert.ok(found);
    return found;
  };
  return {
    log,
    cursors,
    incarnation,
    entry,
    async purge(purger) {
      const now = performance.now();
      await purger.purge(1, 0);
      const clock = mock.method(performance, 'now', () => now + DUPLICATE_WINDOW_MS + 1_000);
      try {
        return await purger.purge(1, 0);
      } finally {
        clock.mock.restore();
      }
    },
    async at(reader, sequence, optional) {
      await cursors.advance(reader, 1, 0, { incarnation, sequence });
      assert.ok(await cursors.setOptional(await entry(reader), optional));
    },
    async first() {
      const { state } = await log.manager.streams.info(streamNames.log(1, 0));
      return state.first_seq;
    },
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  };
}

describe('a log that is short of room', () => {
  it('moves on the optional reader that is behind, no further than needed, and says so first', async () => {
    await using s = await scene();
    await s.at('session-state', MESSAGES, false);
    await s.at('cluster_a', MESSAGES, false);
    await s.at('cluster_b', 5, true);
    const given: number[] = [];
    const options = {
      optionalFill: 0.8,
      onGivenUp: (_: CursorEntry, messages: number) => given.push(messages),
    };
    const purged = await s.purge(new LogPurger(s.log.manager, s.cursors, options));
    const { cursor } = await s.entry('cluster_b');
    const first = await s.first();
    assert.equal(cursor.sequence, first - 1, 'removed is what the cursor gives up, and no more');
    assert.equal(cursor.givenUp?.from, 6);
    assert.equal(cursor.givenUp?.to, first - 1);
    assert.equal(purged, first - 1);
    assert.equal(
      given.reduce((sum, n) => sum + n, 0),
      first - 6,
    );
    const { state } = await s.log.manager.streams.info(streamNames.log(1, 0));
    assert.ok(
      state.bytes <= 0.77 * MAX_BYTES && state.bytes > 0.7 * MAX_BYTES,
      `${state.bytes} bytes are left`,
    );
    assert.equal((await s.entry('cluster_a')).cursor.sequence, MESSAGES, 'others stay where they are');
    assert.equal((await s.entry('cluster_a')).cursor.givenUp, undefined);
  });

  it('gives nothing up that a required reader holds anyway, nor without a fill, nor in the duplicate window', async () => {
    await using s = await scene();
    await s.at('session-state', MESSAGES, false);
    await s.at('cluster_a', 0, false);
    await s.at('cluster_b', 0, true);
    const settings = { optionalFill: 0.8 };
    assert.equal(await s.purge(new LogPurger(s.log.manager, s.cursors, settings)), 0);
    assert.equal((await s.entry('cluster_b')).cursor.givenUp, undefined);
    await s.at('cluster_a', MESSAGES, false);
    assert.equal(await s.purge(new LogPurger(s.log.manager, s.cursors)), 0, 'nobody said how much');
    const purger = new LogPurger(s.log.manager, s.cursors, settings);
    assert.deepEqual([await purger.purge(1, 0), await purger.purge(1, 0)], [0, 0], 'all of it is young');
    assert.equal((await s.entry('cluster_b')).cursor.givenUp, undefined);
    assert.equal(await s.first(), 1);
  });

  it('removes nothing if the cursor was changed meanwhile, be it by its reader or by who waits for it', async () => {
    await using s = await scene();
    await s.at('session-state', MESSAGES, false);
    await s.at('cluster_a', MESSAGES, false);
    await s.at('cluster_b', 0, true);
    const topology = await ensureLog(s.log.manager, shape, { maxBytes: MAX_BYTES, replicas: 1 });
    const stale = await s.cursors.readers(1, 0);
    // A mapping that requires the cluster is about to become active.
    await s.cursors.register('cluster_b', topology);
    const outdated = new (class extends CursorRegistry {
      override readers(): Promise<CursorEntry[]> {
        return Promise.resolve(stale);
      }
    })(await openBucket(s.log.js, buckets.cursors, { replicas: 1 }));
    assert.equal(await s.purge(new LogPurger(s.log.manager, outdated, { optionalFill: 0.8 })), 0);
    assert.equal(await s.first(), 1);
    const { cursor } = await s.entry('cluster_b');
    assert.deepEqual([cursor.sequence, cursor.optional, cursor.givenUp], [0, undefined, undefined]);
  });

  it('survives two purgers at once: what is gone is recorded', async () => {
    await using s = await scene();
    await s.at('session-state', MESSAGES, false);
    await s.at('cluster_a', 40, true);
    await s.at('cluster_b', 0, true);
    const purgers = range(2).map(() => new LogPurger(s.log.manager, s.cursors, { optionalFill: 0.3 }));
    const now = performance.now();
    await Promise.all(purgers.map((purger) => purger.purge(1, 0)));
    const clock = mock.method(performance, 'now', () => now + DUPLICATE_WINDOW_MS + 1_000);
    try {
      await Promise.all(purgers.map((purger) => purger.purge(1, 0)));
      await Promise.all(purgers.map((purger) => purger.purge(1, 0)));
    } finally {
      clock.mock.restore();
    }
    const first = await s.first();
    assert.ok(first > 41, `the log begins at ${first}`);
    for (const [reader, from] of [
      ['cluster_a', 41],
      ['cluster_b', 1],
    ] as const) {
      const { givenUp } = (await s.entry(reader)).cursor;
      assert.equal(givenUp?.from, from);
      assert.ok((givenUp?.to ?? 0) >= first - 1, `${reader} is moved over ${givenUp?.to}`);
    }
  });
});
