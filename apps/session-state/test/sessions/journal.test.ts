import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { readJournal, Settled } from '@tributary/contracts';
import type { Session } from '../../src/sessions/session.ts';
import { address, MemoryStream, owner, row, type Owner } from './book-fixture.ts';

/** What must survive an owner. */
function stateOf(sessions: Iterable<Session>): unknown {
  return [...sessions]
    .map(({ clientId, sessionId, lastCounter, entries, inbound }) => ({
      clientId,
      sessionId,
      lastCounter,
      entries: [...entries.values()].map(({ counter, message, qos, received }) => ({
        counter,
        topic: message.topic,
        qos,
        received,
      })),
      inbound: [...inbound].sort((a, b) => a - b),
    }))
    .sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
}

const clients = ['a', 'b', 'c'];
const client = fc.constantFrom(...clients);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      to: fc.subarray(clients),
      qos: fc.constantFrom(1, 2),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      client,
      nth: fc.nat(3),
      received: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('inbound' as const),
      client,
      id: fc.integer({ min: 1, max: 4 }),
      open: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('renew' as const), client }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('clean' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), back: fc.nat(6) }) },
);

function copyOf({ frames, last }: MemoryStream): MemoryStream {
  const copy = new MemoryStream();
  copy.frames = [...frames];
  copy.last = last;
  return copy;
}

interface LogRow {
  to: string[];
  qos: 1 | 2;
}

describe('the journal of sessions', () => {
  it('tells the next owner everything, whatever was written, cleaned and lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const stream = new MemoryStream();
        const log: LogRow[] = [];
        /** Everything that ever entered a queue, as the journal had it: by client, session, topic. */
        const entered = new Map<string, Set<number>>();
        let current: Owner = owner(stream);
        let routed = 0;
        let epoch = 1;
        const ids = new Map(clients.map((name) => [name, 1]));
        const route = (): void => {
          for (; routed < log.length; routed++) {
            const { to, qos } = log[routed]!;
            const recipients = to.map((name) => ({
              session: current.book.get(name)!,
              qos,
              retain: false,
              subscriptionIds: [],
              share: '',
            }));
            const place = { partition: 0, logSequence: routed + 1, row: 0 };
            current.book.enqueue(row(`m${routed}`, qos), place, recipients);
          }
        };
        const note = (): void => {
          const of = new Map<string, string>();
          for (const { data } of stream.frames) {
            readJournal(data, {
              session: ({ clientId, sessionId }) => of.set(clientId, sessionId),
              entries: ({ message, recipients }) => {
                for (const { clientId, counter } of recipients) {
                  const key = `${clientId} ${message.topic}`;
                  entered.set(key, (entered.get(key) ?? new Set()).add(counter));
                }
              },
              end: () => {},
              settle: () => {},
              inbound: () => {},
              logs: () => {},
            });
          }
        };
        for (const name of clients) current.book.open(address(name, epoch, '1'), false);
        for (const each of steps) {
          switch (each.do) {
            case 'publish':
              log.push({ to: each.to, qos: each.qos === 1 ? 1 : 2 });
              route();
              break;
            case 'settle': {
              const session = current.book.get(each.client)!;
              const counter = [...session.entries.keys()][each.nth];
              const stage = each.received ? Settled.received : Settled.done;
              if (counter !== undefined) current.book.settle([[each.client, session.epoch, counter, stage]]);
              break;
            }
            case 'inbound': {
              const place = { partition: 0, logSequence: routed + 1, row: 0 };
              const { sessionId } = current.book.get(each.client)!;
              current.book.inbound(each.client, sessionId, each.id, each.open, place);
              break;
            }
            case 'renew': {
              const id = (ids.get(each.client) ?? 0) + 1;
              ids.set(each.client, id);
              // Done only when it is stored, as a device is told.
              current.book.open(address(each.client, ++epoch, String(id)), false);
              await current.journal.committed();
              break;
            }
            case 'clean':
              note();
              await current.cleaner.clean();
              break;
            case 'turn':
              await turn();
              break;
            case 'crash': {
              note();
              const held = Math.min(routed, current.journal.holdsFrom(0) - 1);
              current = owner(stream);
              note();
              // The cursor may be further behind than what is held: it is stored now and then.
              routed = Math.max(0, held - each.back);
              for (const name of clients) {
                if (current.book.get(name) === undefined)
                  current.book.open(address(name, ++epoch, '1'), false);
              }
              route();
            }
          }
        }
        await current.journal.committed();
        assert.equal(current.failed, null);
        note();
        const expected = stateOf(current.book.values());
        assert.deepEqual(stateOf(owner(copyOf(stream)).book.values()), expected);
        await current.cleaner.clean();
        assert.deepEqual(stateOf(owner(stream).book.values()), expected);
        log.forEach(({ to }, n) => {
          // Of a session that was ended meanwhile nothing need be left.
          for (const name of to.filter((each) => ids.get(each) === 1)) {
            assert.ok(entered.has(`${name} m${n}`), `m${n} never entered the queue of ${name}`);
          }
        });
        for (const [key, counters] of entered) {
          assert.equal(counters.size, 1, `${key} entered a queue as ${[...counters].join(', ')}`);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('stays about as long as what it holds', async () => {
    const stream = new MemoryStream();
    const it = owner(stream, undefined, 20_000);
    const { session } = it.book.open(address('c', 1), false)!;
    const old = it.book.open(address('asleep', 1), false)!.session;
    const to = (one: Session) => ({
      session: one,
      qos: 1 as const,
      retain: false,
      subscriptionIds: [],
      share: '',
    });
    it.book.enqueue(row('kept'), { partition: 0, logSequence: 1, row: 0 }, [to(old)]);
    for (let n = 2; n < 3_000; n++) {
      it.book.enqueue(row('x'.repeat(100)), { partition: 0, logSequence: n, row: 0 }, [to(session)]);
      it.book.settle([['c', 1, session.lastCounter, Settled.done]]);
      if (n % 20 === 0) await it.journal.committed();
      if (n % 200 === 0) await it.cleaner.clean();
    }
    await it.journal.committed();
    await it.cleaner.clean();
    const bytes = stream.frames.reduce((sum, { data }) => sum + data.length, 0);
    assert.ok(bytes < 60_000, `${bytes} bytes are left`);
    const next = owner(stream);
    assert.deepEqual(
      [...next.book.get('asleep')!.entries.values()].map(({ message }) => message.topic),
      ['kept'],
    );
    assert.equal(next.book.get('c')?.lastCounter, 2_998);
    assert.equal(next.replay.positions.isPast({ partition: 0, logSequence: 2_999, row: 0 }, 'c'), true);
    assert.equal(next.replay.positions.isPast({ partition: 0, logSequence: 3_000, row: 0 }, 'c'), false);
  });
});
