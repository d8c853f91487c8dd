import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { encodePublishProperties, Settled } from '@tributary/contracts';
import { address, MemoryStream, owner, row, type Owner } from './book-fixture.ts';

const QOS_1 = { qos: 1, retain: false, subscriptionIds: [], share: '' } as const;

function open({ book }: Owner, clientId: string, epoch = 1) {
  const opened = book.open(address(clientId, epoch), epoch > 1);
  assert.ok(opened);
  return opened;
}

/** Puts messages named 1, 2, 3 ... into one queue, made from rows of partition 0. */
function fill({ book }: Owner, clientId: string, from: number, to: number): void {
  const session = book.get(clientId);
  assert.ok(session);
  for (let n = from; n <= to; n++) {
    book.enqueue(row(String(n)), { partition: 0, logSequence: n, row: 0 }, [{ session, ...QOS_1 }]);
  }
}

async function quiet({ journal }: Owner): Promise<void> {
  await journal.committed();
  await turn();
  await turn();
}

const topics = ({ hub }: Owner): string[] => hub.sent.map(({ topic }) => topic);

describe('the queue of a session', () => {
  it('keeps what comes while nobody is there, and sends it in order', async () => {
    const it = owner(new MemoryStream());
    const { session } = open(it, 'c');
    fill(it, 'c', 1, 3);
    await quiet(it);
    assert.deepEqual(topics(it), []);
    it.book.deliverTo(session, address('c', 1), 10);
    fill(it, 'c', 4, 5);
    await quiet(it);
    assert.deepEqual(topics(it), ['1', '2', '3', '4', '5']);
    assert.deepEqual(
      it.hub.sent.map(({ counter, dup }) => [counter, dup]),
      [1, 2, 3, 4, 5].map((n) => [n, false]),
    );
  });

  it('sends nothing that is not stored', async () => {
    const stream = new MemoryStream();
    const it = owner(stream);
    const { session } = open(it, 'c');
    it.book.deliverTo(session, address('c', 1), 10);
    await quiet(it);
    const gate = Promise.withResolvers<void>();
    stream.gate = gate.promise;
    fill(it, 'c', 1, 1);
    for (let n = 0; n < 5; n++) await turn();
    assert.deepEqual(topics(it), []);
    gate.resolve();
    await quiet(it);
    assert.deepEqual(topics(it), ['1']);
  });

  it('has no more on the way than the device takes', async () => {
    const it = owner(new MemoryStream());
    const { session } = open(it, 'c');
    it.book.deliverTo(session, address('c', 1), 2);
    fill(it, 'c', 1, 4);
    await quiet(it);
    assert.deepEqual(topics(it), ['1', '2']);
    it.book.settle([['c', 1, 2, Settled.done]]);
    await quiet(it);
    assert.deepEqual(topics(it), ['1', '2', '3']);
  });

  it('gives no packet identifier a second time while the first is in use', async () => {
    const it = owner(new MemoryStream());
    const { session } = open(it, 'c');
    it.book.deliverTo(session, address('c', 1), 10);
    fill(it, 'c', 1, 1);
    await quiet(it);
    // As if all identifiers had been given and settled since, but for the first.
    session.lastCounter = 65_534;
    session.next = 65_535;
    fill(it, 'c', 2, 4);
    await quiet(it);
    assert.deepEqual(
      it.hub.sent.map(({ counter }) => counter),
      [1, 65_535],
    );
    it.book.settle([['c', 1, 1, Settled.done]]);
    await quiet(it);
    assert.deepEqual(
      it.hub.sent.map(({ counter }) => counter),
      [1, 65_535, 65_536, 65_537],
    );
  });

  it('is sent again from its oldest entry to the next connection, with DUP where it may have arrived', async () => {
    const it = owner(new MemoryStream());
    const { session } = open(it, 'c');
    it.book.deliverTo(session, address('c', 1), 2);
    fill(it, 'c', 1, 3);
    await quiet(it);
    it.book.settle([['c', 1, 1, Settled.done]]);
    it.book.detach(session, 1);
    await quiet(it);
    it.hub.sent.length = 0;
    const again = open(it, 'c', 2);
    assert.equal(again.present, true);
    it.book.deliverTo(session, address('c', 2), 10);
    await quiet(it);
    assert.deepEqual(
      it.hub.sent.map(({ counter, dup }) => [counter, dup]),
      [
        [2, true],
        [3, false],
      ],
    );
  });

  it('does not send again what was received at QoS 2, but says that it is to be released', async () => {
    const stream = new MemoryStream();
    const it = owner(stream);
    const { session } = open(it, 'c');
    it.book.deliverTo(session, address('c', 1), 10);
    it.book.enqueue(row('x', 2), { partition: 0, logSequence: 1, row: 0 }, [{ session, ...QOS_1, qos: 2 }]);
    await quiet(it);
    it.book.settle([['c', 1, 1, Settled.received]]);
    await quiet(it);
    const next = owner(stream);
    const again = open(next, 'c', 2);
    assert.deepEqual([again.present, again.released], [true, [1]]);
    next.book.deliverTo(again.session, address('c', 2), 10);
    await quiet(next);
    assert.deepEqual(topics(next), []);
    next.book.settle([['c', 2, 1, Settled.done]]);
    assert.equal(again.session.entries.size, 0);
  });

  it('hears nothing from connections that were replaced', async () => {
    const it = owner(new MemoryStream());
    const { session } = open(it, 'c');
    fill(it, 'c', 1, 1);
    open(it, 'c', 2);
    it.book.settle([['c', 1, 1, Settled.done]]);
    assert.equal(session.entries.size, 1);
    assert.equal(it.book.open(address('c', 1), true), null);
    await quiet(it);
  });

  it('drops what comes when it is full, for this session only', async () => {
    const it = owner(new MemoryStream(), { messages: 2, bytes: 1_000_000, whenFull: 'newest' });
    open(it, 'full');
    const { session } = open(it, 'free');
    fill(it, 'full', 1, 2);
    const full = it.book.get('full');
    assert.ok(full);
    it.book.enqueue(row('3'), { partition: 0, logSequence: 3, row: 0 }, [
      { session: full, ...QOS_1 },
      { session, ...QOS_1 },
    ]);
    assert.deepEqual(
      [...full.entries.values()].map(({ message }) => message.topic),
      ['1', '2'],
    );
    assert.deepEqual([full.dropped, session.entries.size, it.drops], [1, 1, ['queue-full']]);
    await quiet(it);
  });

  it('drops its oldest if told so', async () => {
    const it = owner(new MemoryStream(), { messages: 2, bytes: 1_000_000, whenFull: 'oldest' });
    const { session } = open(it, 'c');
    fill(it, 'c', 1, 4);
    assert.deepEqual(
      [...session.entries.values()].map(({ message }) => message.topic),
      ['3', '4'],
    );
    assert.equal(session.dropped, 2);
    await quiet(it);
  });

  it('lets go of what has expired', async () => {
    const it = owner(new MemoryStream());
    const { session } = open(it, 'c');
    const expired = encodePublishProperties({ messageExpiry: 0, userProperties: [] });
    it.book.enqueue(row('old', 1, expired), { partition: 0, logSequence: 1, row: 0 }, [
      { session, ...QOS_1 },
    ]);
    fill(it, 'c', 2, 2);
    it.book.deliverTo(session, address('c', 1), 10);
    await quiet(it);
    assert.deepEqual(topics(it), ['2']);
    assert.deepEqual(it.drops, ['expired']);
  });

  it('waits for a node whose lease is not seen yet, rather than sending to nobody', async () => {
    const it = owner(new MemoryStream());
    const { session } = open(it, 'c');
    it.hub.away = true;
    it.book.deliverTo(session, address('c', 1), 10);
    fill(it, 'c', 1, 1);
    await quiet(it);
    assert.deepEqual([topics(it), session.inFlight], [[], 0]);
    it.hub.away = false;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(topics(it), ['1']);
  });

  it('lets go of what has expired before it was sent, also under the next owner', async () => {
    const stream = new MemoryStream();
    const it = owner(stream);
    const { session } = open(it, 'c');
    const soon = encodePublishProperties({ messageExpiry: 0, userProperties: [] });
    it.book.enqueue(row('old', 1, soon), { partition: 0, logSequence: 1, row: 0 }, [{ session, ...QOS_1 }]);
    await quiet(it);
    const next = owner(stream);
    const again = open(next, 'c', 2);
    next.book.deliverTo(again.session, address('c', 2), 10);
    await quiet(next);
    assert.deepEqual([topics(next), next.drops], [[], ['expired']]);
  });

  it('waits for a node that is behind', async () => {
    const it = owner(new MemoryStream());
    const { session } = open(it, 'c');
    it.hub.behind = true;
    it.book.deliverTo(session, address('c', 1), 10);
    fill(it, 'c', 1, 1);
    await quiet(it);
    assert.deepEqual(topics(it), []);
    it.hub.behind = false;
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(topics(it), ['1']);
  });

  it('remembers the QoS 2 flows of the device itself', async () => {
    const stream = new MemoryStream();
    const it = owner(stream);
    open(it, 'c');
    const place = { partition: 0, logSequence: 1, row: 0 };
    it.book.inbound('c', 's', 7, true, place);
    it.book.inbound('c', 's', 8, true, place);
    it.book.inbound('c', 's', 7, false, place);
    it.book.inbound('c', 'another session', 9, true, place);
    await quiet(it);
    assert.deepEqual(open(owner(stream), 'c', 2).inbound, [8]);
  });

  it('begins anew with another session id', async () => {
    const stream = new MemoryStream();
    const it = owner(stream);
    open(it, 'c');
    fill(it, 'c', 1, 3);
    const opened = it.book.open(address('c', 2, 'other'), false);
    assert.deepEqual([opened?.present, opened?.session.entries.size], [false, 0]);
    await quiet(it);
    const next = owner(stream).book.get('c');
    assert.deepEqual([next?.sessionId, next?.entries.size], ['other', 0]);
  });

  it('is told as not present when an answer is asked for again', () => {
    const it = owner(new MemoryStream());
    const first = it.book.open(address('c', 5), true);
    const second = it.book.open(address('c', 5), true);
    assert.deepEqual([first?.present, second?.present], [false, false]);
  });
});
