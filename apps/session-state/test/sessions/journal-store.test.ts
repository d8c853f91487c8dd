import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { streamNames } from '@tributary/contracts';
import { connectNats, ensureLog, LogError, Publisher, type LogTopology } from '@tributary/log';
import { startNats, until, type NatsServer } from '@tributary/testing';
import { Journal } from '../../src/sessions/journal.ts';
import { takeOverJournal, type OpenJournal } from '../../src/sessions/journal-store.ts';

const limits = { maxBytes: 16 * 1024 * 1024, replicas: 1 };

describe('the journal of a shard', () => {
  let server: NatsServer;
  let nats: NatsConnection;
  let manager: JetStreamManager;
  let log: LogTopology;
  const over = new AbortController();

  before(async () => {
    server = await startNats();
    nats = await connectNats({ servers: [server.url], name: 'test' });
    manager = await jetstreamManager(nats);
    log = await ensureLog(manager, { generation: 1, partitions: 2 }, limits);
  });
  after(async () => {
    over.abort();
    await nats.close();
    await server[Symbol.asyncDispose]();
  });

  function takeOver(shard: number, epoch: number): Promise<OpenJournal> {
    const publisher = new Publisher(nats);
    const { signal } = over;
    return takeOverJournal({
      nats,
      manager,
      publisher,
      log,
      shard,
      limits,
      epoch,
      signal,
      onRetry: () => {},
    });
  }

  function journal(
    { writer, replay }: OpenJournal,
    epoch: number,
  ): { journal: Journal; failure: Promise<unknown> } {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const { frames } = replay;
    return {
      journal: new Journal({ writer, epoch, frames, onStored: () => {}, onFailed: resolve }),
      failure: promise,
    };
  }

  const session = (clientId: string) => ({
    clientId,
    sessionId: 's',
    lastCounter: 0,
    dropped: 0,
    inbound: [],
  });

  it('is begun by its first owner and gone on with by the next', async () => {
    const first = journal(await takeOver(1, 1), 1).journal;
    first.session({ at: 0 }, session('a'));
    first.session({ at: 0 }, session('b'));
    await first.committed();
    const { replay } = await takeOver(1, 2);
    assert.deepEqual([...replay.sessions.keys()], ['a', 'b']);
  });

  it('is written by one owner at a time: the one before learns that it was deposed, and what it wrote until then counts', async () => {
    const old = journal(await takeOver(2, 1), 1);
    old.journal.session({ at: 0 }, session('before'));
    await old.journal.committed();
    const next = await takeOver(2, 2);
    assert.deepEqual([...next.replay.sessions.keys()], ['before']);
    old.journal.session({ at: 0 }, session('late'));
    const failure = await old.failure;
    assert.ok(failure instanceof LogError && failure.code === 'deposed', String(failure));
    const { replay } = await takeOver(2, 3);
    assert.deepEqual([...replay.sessions.keys()], ['before']);
  });

  it('is read to what the old owner wrote while it was taken over', async () => {
    const old = journal(await takeOver(3, 1), 1);
    let n = 0;
    const writing = setInterval(() => old.journal.session({ at: 0 }, session(String(n++))), 1);
    await until(() => n > 20, { timeoutMs: 5_000, what: 'some sessions' });
    const next = await takeOver(3, 2);
    await old.failure;
    clearInterval(writing);
    const third = await takeOver(3, 3);
    // Nothing came in between: both owners know the same.
    assert.deepEqual([...third.replay.sessions.keys()], [...next.replay.sessions.keys()]);
  });

  it('keeps its last message when everything before it is purged', async () => {
    const opened = await takeOver(4, 1);
    const { journal: writer } = journal(opened, 1);
    const item = { at: 0 };
    writer.session(item, session('a'));
    await writer.committed();
    writer.logs(opened.replay.positions, opened.replay.positions.save());
    writer.session(item, session('a'));
    await writer.committed();
    await opened.purge(opened.replay.frames.emptied());
    const { state } = await manager.streams.info(streamNames.sessionJournal(1, 4));
    assert.deepEqual([state.messages, state.last_seq], [1, 3]);
    const { replay } = await takeOver(4, 2);
    assert.deepEqual([...replay.sessions.keys()], ['a']);
  });
});
