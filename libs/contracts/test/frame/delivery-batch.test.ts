import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ContractError,
  DeliveryBatch,
  DeliveryBatchWriter,
  Envelope,
  EnvelopeWriter,
  type DeliveryBatchInfo,
  type DeliveryInput,
} from '../../src/mod.ts';
import { recipientArbitrary, rowArbitrary } from './arbitraries.ts';
import { plainRow } from './samples.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/delivery-batch.json', import.meta.url), 'utf8'),
) as Record<string, string>;

const info: DeliveryBatchInfo = { channel: 7, epoch: 12, number: 3, logSequence: 99 };

function rowBytes(row = plainRow): Buffer {
  const writer = new EnvelopeWriter();
  writer.append(row);
  return Buffer.from(Envelope.open(writer.finish()).row(0).bytes);
}

function encode(deliveries: readonly DeliveryInput[]): Buffer {
  const writer = new DeliveryBatchWriter();
  for (const delivery of deliveries) writer.append(delivery);
  return writer.finish(info);
}

const sample: DeliveryInput = {
  logSequence: 98,
  row: 2,
  message: rowBytes(),
  recipients: [
    { clientId: Buffer.from('display'), epoch: 5, qos: 1, retain: false, subscriptionIds: [1, 268_435_455] },
    { clientId: Buffer.from('dispatcher'), epoch: 6, qos: 0, retain: true, subscriptionIds: [] },
  ],
};

const queued: DeliveryInput = {
  logSequence: 98,
  row: 2,
  message: rowBytes(),
  recipients: [
    {
      clientId: Buffer.from('display'),
      epoch: 5,
      qos: 2,
      retain: false,
      subscriptionIds: [7],
      counter: 0x1_0000_0003,
      dup: true,
    },
  ],
};

describe('delivery batch', () => {
  it('keeps its golden vector, byte for byte', () => {
    assert.equal(encode([sample]).toString('hex'), vectors['one message to two clients']);
    assert.equal(encode([queued]).toString('hex'), vectors['an entry of a queue, sent again']);
  });

  it('gives back what it was given', () => {
    const delivery = fc.record({
      logSequence: fc.maxSafeNat(),
      row: fc.nat(),
      message: rowArbitrary.map(rowBytes),
      recipients: fc.array(recipientArbitrary, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(delivery, { maxLength: 8 }), (deliveries) => {
        const batch = DeliveryBatch.open(encode(deliveries));
        assert.deepEqual(batch.info, info);
        assert.equal(batch.rows, deliveries.length);
        deliveries.forEach((wanted, index) => {
          const found = batch.row(index);
          assert.equal(found.logSequence, wanted.logSequence);
          assert.equal(found.row, wanted.row);
          assert.deepEqual([...found.message.bytes], [...wanted.message]);
          assert.deepEqual(
            found.recipients,
            wanted.recipients.map((r) => ({ ...r, clientId: Buffer.from(r.clientId).toString('utf8') })),
          );
        });
      }),
    );
  });

  it('answers truncated and altered bytes with an error', () => {
    const whole = encode([sample]);
    for (let at = 0; at < whole.length; at++) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 0x80;
      assert.throws(() => DeliveryBatch.open(altered), ContractError);
      assert.throws(() => DeliveryBatch.open(whole.subarray(0, at)), ContractError);
    }
  });
});
