import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { NodeChannel } from '../../src/delivery/node-channel.ts';

function channel() {
  const sent: number[] = [];
  let resent = 0;
  const node = new NodeChannel({
    send: (frame) => sent.push(frame[0] ?? -1),
    onResent: (batches) => (resent += batches),
  });
  const send = (n: number, holdsFrom = Infinity, size = 1): void => {
    assert.equal(node.nextNumber, n);
    node.send(new Uint8Array(size).fill(n), holdsFrom);
  };
  return { node, sent, send, resent: () => resent };
}

describe('deliveries to one node', () => {
  it('leave at once and are kept until they are reported, cumulatively', () => {
    const { node, sent, send } = channel();
    for (const n of [1, 2, 3]) send(n);
    assert.deepEqual(sent, [1, 2, 3]);
    node.reported({ number: 2, resend: false });
    assert.equal(node.unreportedBatches, 1);
    node.reported({ number: 1, resend: false });
    assert.equal(node.unreportedBatches, 1, 'an older report changes nothing');
    node.reported({ number: 3, resend: false });
    assert.deepEqual([node.unreportedBatches, node.unreportedBytes], [0, 0]);
  });

  it('are sent again from the gap on when a node asks', () => {
    const { node, sent, send, resent } = channel();
    for (const n of [1, 2, 3, 4]) send(n);
    node.reported({ number: 2, resend: true });
    assert.deepEqual(sent, [1, 2, 3, 4, 3, 4]);
    assert.equal(resent(), 2);
  });

  it('are sent again in bounded portions', () => {
    const { node, sent, send } = channel();
    for (const n of [1, 2, 3]) send(n, Infinity, 700_000);
    node.resend();
    assert.deepEqual(sent, [1, 2, 3, 1], 'the next portion follows the next report');
  });

  it('hold back the log cursor only while a QoS 1 or 2 delivery is unreported', () => {
    const { node, send } = channel();
    send(1);
    assert.equal(node.holdsFrom, Infinity);
    send(2, 40);
    send(3, 50);
    assert.equal(node.holdsFrom, 40);
    node.reported({ number: 2, resend: false });
    assert.equal(node.holdsFrom, 50);
    node.reported({ number: 3, resend: false });
    assert.equal(node.holdsFrom, Infinity);
  });

  it('are sent again after a silence, not before, and not all the time', () => {
    // A whole number: times are added to it and taken off again.
    let now = 1_000_000;
    const clock = mock.method(performance, 'now', () => now);
    try {
      const { node, sent, send } = channel();
      send(1);
      now += 400;
      node.resendIfSilent(500);
      assert.deepEqual(sent, [1]);
      now += 200;
      node.resendIfSilent(500);
      node.resendIfSilent(500);
      assert.deepEqual(sent, [1, 1]);
      assert.ok(node.silentMs >= 600);
      node.reported({ number: 1, resend: false });
      assert.equal(node.silentMs, 0);
    } finally {
      clock.mock.restore();
    }
  });
});
