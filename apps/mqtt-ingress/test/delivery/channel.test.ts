import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EMPTY, Envelope, EnvelopeWriter, RowKind, type Delivery } from '@tributary/contracts';
import { Channel, type BatchVerdict } from '../../src/delivery/channel.ts';

describe('a delivery channel', () => {
  function judged(...batches: [epoch: number, number: number][]): BatchVerdict[] {
    const channel = new Channel();
    return batches.map(([epoch, number]) => channel.judge({ channel: 0, epoch, number, logSequence: 0 }));
  }

  const cases: [what: string, batches: [number, number][], verdicts: BatchVerdict[]][] = [
    [
      'takes batches in order',
      [
        [5, 1],
        [5, 2],
        [5, 3],
      ],
      ['accepted', 'accepted', 'accepted'],
    ],
    [
      'knows a repeat',
      [
        [5, 1],
        [5, 2],
        [5, 2],
        [5, 1],
      ],
      ['accepted', 'accepted', 'repeated', 'repeated'],
    ],
    [
      'stops at a gap until it is filled',
      [
        [5, 1],
        [5, 3],
        [5, 2],
        [5, 3],
      ],
      ['accepted', 'gap', 'accepted', 'accepted'],
    ],
    [
      'wants the first of a new owner',
      [
        [5, 1],
        [9, 2],
        [9, 1],
      ],
      ['accepted', 'gap', 'accepted'],
    ],
    [
      'ignores an owner that was replaced',
      [
        [5, 1],
        [9, 1],
        [5, 2],
      ],
      ['accepted', 'accepted', 'stale'],
    ],
    [
      'ignores an owner as soon as it has heard of the next',
      [
        [5, 1],
        [9, 7],
        [5, 2],
      ],
      ['accepted', 'gap', 'stale'],
    ],
  ];
  for (const [what, batches, verdicts] of cases) {
    it(what, () => assert.deepEqual(judged(...batches), verdicts));
  }

  it('delivers each message to each device once, whatever owners repeat and however they cut it', () => {
    const step = fc.record({ back: fc.nat(30), forth: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (owners) => {
        // Each message goes to three devices, in deliveries of one. Each owner begins at some earlier message.
        const log = Array.from({ length: 300 }, (_, n) => ({
          sequence: 1 + Math.floor(n / 6),
          row: Math.floor((n % 6) / 3),
          device: `d${n % 3}`,
        }));
        const channel = new Channel();
        const delivered: string[] = [];
        let reached = 0;
        owners.forEach(({ back, forth }, epoch) => {
          channel.judge({ channel: 0, epoch: epoch + 1, number: 1, logSequence: 0 });
          const from = Math.floor(Math.max(0, reached - back) / 3) * 3;
          const to = Math.min(from + forth, log.length);
          for (const { sequence, row, device } of log.slice(from, to)) {
            for (const { clientId } of channel.news(delivery(sequence, row, device))) {
              delivered.push(`${sequence}/${row} ${clientId}`);
            }
          }
          reached = Math.max(reached, to);
        });
        assert.deepEqual(
          delivered,
          log.slice(0, reached).map(({ sequence, row, device }) => `${sequence}/${row} ${device}`),
        );
      }),
    );
  });
});

const message = (() => {
  const writer = new EnvelopeWriter();
  writer.append({
    kind: RowKind.publish,
    qos: 1,
    retain: false,
    dup: false,
    packetId: 1,
    protocolVersion: 4,
    receivedMs: 0,
    epoch: 1,
    topic: 't',
    clientId: EMPTY,
    sessionId: EMPTY,
    username: EMPTY,
    trace: EMPTY,
    origin: EMPTY,
    properties: EMPTY,
    payload: EMPTY,
  });
  return Envelope.open(writer.finish()).row(0);
})();

function delivery(logSequence: number, row: number, clientId: string): Delivery {
  return {
    logSequence,
    row,
    message,
    recipients: [{ clientId, epoch: 1, qos: 1, retain: false, subscriptionIds: [], counter: 0, dup: false }],
  };
}
