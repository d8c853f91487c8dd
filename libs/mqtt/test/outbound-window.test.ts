import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutboundWindow, type OutboundWindowLimits, type WindowMessage } from '../src/mod.ts';

interface Message extends WindowMessage {
  name: string;
}

function message(name: string, qos: 0 | 1 | 2, more: Partial<Message> = {}): Message {
  return { name, qos, bytes: 100, expiresAt: 0, counter: 0, packetId: 0, ...more };
}

/** An entry of a queue, under the identifier that follows from its counter. */
function entry(counter: number, qos: 1 | 2 = 1, more: Partial<Message> = {}): Message {
  return message(`#${counter}`, qos, { counter, packetId: counter, ...more });
}

function window(
  limits: Partial<OutboundWindowLimits> = {},
  expired: Message[] = [],
): OutboundWindow<Message> {
  return new OutboundWindow<Message>(
    {
      receiveMaximum: 2,
      maximumPacketSize: 0,
      maxQueued: 10,
      maxQueuedBytes: 1000,
      ...limits,
    },
    (message) => expired.push(message),
  );
}

function names(target: OutboundWindow<Message>, now = 0): string[] {
  const sent: string[] = [];
  for (let next = target.next(now); next !== null; next = target.next(now)) {
    sent.push(`${next.message.name}:${next.packetId}`);
  }
  return sent;
}

test('Receive Maximum bounds QoS 1 and 2, and QoS 0 passes by', () => {
  const target = window();
  for (const name of ['a', 'b', 'c', 'd']) target.offer(message(name, 1), 0);
  target.offer(message('free', 0), 0);
  assert.deepEqual(names(target), ['free:0', 'a:1', 'b:2']);
  assert.deepEqual(target.settle(1, 'puback', 0), { outcome: 'done', message: message('a', 1) });
  assert.deepEqual(names(target), ['c:3']);
  assert.equal(target.inFlight, 2);
  assert.equal(target.queued, 1);
  assert.equal(target.queuedBytes, 100);
});

test('QoS 2 holds its place until PUBCOMP, or until a PUBREC that refuses', () => {
  const target = window({ receiveMaximum: 1 });
  for (const name of ['a', 'b', 'c']) target.offer(message(name, 2), 0);
  assert.deepEqual(names(target), ['a:1']);
  assert.equal(target.settle(1, 'pubcomp', 0).outcome, 'mismatch');
  assert.equal(target.settle(1, 'puback', 0).outcome, 'mismatch');
  assert.equal(target.settle(1, 'pubrec', 0).outcome, 'received');
  assert.equal(target.settle(1, 'pubrec', 0).outcome, 'recording', 'a repeated PUBREC while it is recorded');
  assert.equal(target.settle(1, 'pubcomp', 0).outcome, 'mismatch', 'PUBREL has not left');
  target.release(1);
  assert.equal(target.inFlight, 1);
  assert.equal(target.settle(1, 'pubrec', 0).outcome, 'release', 'a repeated PUBREC asks for PUBREL again');
  assert.deepEqual(names(target), []);
  assert.equal(target.settle(1, 'pubcomp', 0).outcome, 'done');
  assert.equal(target.settle(1, 'pubcomp', 0).outcome, 'unknown');
  assert.deepEqual(names(target), ['b:2']);
  assert.equal(target.settle(2, 'pubrec', 0x97).outcome, 'done');
  assert.deepEqual(names(target), ['c:3']);
});

test('the queue is bounded by count and by bytes, and says so', () => {
  const byCount = window({ maxQueued: 2 });
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => byCount.offer(message(name, 1), 0)),
    ['queued', 'queued', 'full'],
  );
  const byBytes = window({ maxQueuedBytes: 250 });
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => byBytes.offer(message(name, 0), 0)),
    ['queued', 'queued', 'full'],
  );
  const large = window({ maxQueuedBytes: 50 });
  assert.equal(large.offer(message('larger than the queue', 1), 0), 'queued');
});

test('a message larger than the client takes is not queued', () => {
  const target = window({ maximumPacketSize: 99 });
  assert.equal(target.offer(message('a', 1), 0), 'too-large');
  assert.equal(target.offer(message('b', 1, { bytes: 99 }), 0), 'queued');
});

test('an expired message is not sent', () => {
  const expired: Message[] = [];
  const target = window({}, expired);
  assert.equal(target.offer(message('late', 1, { expiresAt: 10 }), 10), 'expired');
  target.offer(message('waits', 1, { expiresAt: 10 }), 0);
  target.offer(message('stays', 1, { expiresAt: 30 }), 0);
  assert.deepEqual(names(target, 20), ['stays:1']);
  assert.deepEqual(
    expired.map(({ name }) => name),
    ['waits'],
  );
  assert.equal(target.queuedBytes, 0);
});

test('packet identifiers go round and skip those in flight', () => {
  const target = window({ receiveMaximum: 65535, maxQueued: 70_000, maxQueuedBytes: 1e9 });
  target.offer(message('first', 1), 0);
  assert.deepEqual(names(target), ['first:1']);
  for (let count = 0; count < 65534; count++) {
    target.offer(message('x', 1), 0);
    const id = target.next(0)?.packetId ?? 0;
    assert.notEqual(id, 0);
    target.settle(id, 'puback', 0);
  }
  target.offer(message('round', 1), 0);
  assert.deepEqual(names(target), ['round:2'], '1 is still in flight');
});

test('entries of a queue travel under their own identifiers, in order, and are never refused as full', () => {
  const target = window({ maxQueued: 1, maxQueuedBytes: 1, receiveMaximum: 3 });
  const offers = [entry(7), entry(8, 2), entry(12)].map((each) => target.offer(each, 0));
  assert.deepEqual(offers, ['queued', 'queued', 'queued']);
  assert.equal(target.offer(message('other', 1), 0), 'full');
  assert.deepEqual(names(target), ['#7:7', '#8:8', '#12:12']);
  assert.ok(target.holds(7) && target.holds(12) && !target.holds(9));
  assert.equal(target.settle(7, 'puback', 0x97).outcome, 'done');
  assert.equal(target.holds(7), false);
});

test('others get identifiers that no entry of a queue has in flight', () => {
  const target = window({ receiveMaximum: 5 });
  target.offer(entry(1), 0);
  target.offer(message('other', 1), 0);
  target.offer(message('third', 1), 0);
  assert.deepEqual(names(target), ['#1:1', 'other:2', 'third:3']);
  // Without an identifier of its own an entry takes a free one too.
  target.offer(entry(2, 1, { packetId: 0 }), 0);
  assert.deepEqual(names(target), ['#2:4']);
  assert.equal(target.settle(4, 'puback', 0).outcome, 'done');
  assert.equal(target.holds(2), false);
});

test('an entry whose identifier is in use waits for it, and what follows waits behind it', () => {
  const target = window({ receiveMaximum: 5 });
  target.offer(entry(3), 0);
  assert.deepEqual(names(target), ['#3:3']);
  target.offer(entry(65_538, 1, { packetId: 3 }), 0);
  target.offer(entry(65_539, 1, { packetId: 4 }), 0);
  assert.deepEqual(names(target), []);
  target.settle(3, 'puback', 0);
  assert.deepEqual(names(target), ['#65538:3', '#65539:4']);
});

test('an entry that expires while it waits is told, and held no longer', () => {
  const expired: Message[] = [];
  const target = window({ receiveMaximum: 1 }, expired);
  target.offer(entry(1), 0);
  target.offer(entry(2, 1, { expiresAt: 10 }), 0);
  assert.deepEqual(names(target), ['#1:1']);
  target.settle(1, 'puback', 0);
  assert.deepEqual(names(target, 20), []);
  assert.deepEqual(
    expired.map(({ counter }) => counter),
    [2],
  );
  assert.equal(target.holds(2), false);
});

test('a flow whose PUBREC came on an earlier connection holds its place until PUBCOMP', () => {
  const target = window({ receiveMaximum: 1 });
  target.resume(entry(5, 2));
  target.offer(entry(6), 0);
  assert.deepEqual(names(target), []);
  assert.equal(target.settle(5, 'pubrec', 0).outcome, 'release', 'PUBREC again: PUBREL again');
  assert.equal(target.settle(5, 'pubcomp', 0).outcome, 'done');
  assert.deepEqual(names(target), ['#6:6']);
});

test('what has not been handed out can be counted', () => {
  const target = window({ receiveMaximum: 1 });
  for (const each of [entry(1), entry(2), message('free', 0), message('other', 1)]) target.offer(each, 0);
  assert.deepEqual(names(target), ['free:0', '#1:1']);
  assert.deepEqual(
    [...target.waiting()].map(({ name }) => name),
    ['#2', 'other'],
  );
});
