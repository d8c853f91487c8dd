import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ContractError, decodePublishProperties, encodePublishProperties } from '../src/mod.ts';

const word = fc.string({ unit: 'grapheme', maxLength: 20 });

describe('PUBLISH properties', () => {
  it('survive the round trip, user properties in order and with repeated names', () => {
    const properties = fc.record(
      {
        payloadFormat: fc.constantFrom(0 as const, 1 as const),
        messageExpiry: fc.nat(),
        contentType: word,
        responseTopic: word,
        correlationData: fc.uint8Array({ maxLength: 20 }),
        userProperties: fc.array(fc.tuple(word, word), { maxLength: 6 }),
      },
      { requiredKeys: ['userProperties'] },
    );
    fc.assert(
      fc.property(properties, (given) => {
        const found = decodePublishProperties(encodePublishProperties(given));
        const { correlationData, ...rest } = found;
        const { correlationData: wanted, ...wantedRest } = given;
        assert.deepEqual(rest, wantedRest);
        assert.deepEqual(correlationData && [...correlationData], wanted && [...wanted]);
      }),
    );
  });

  it('are written as MQTT 5 has them on the wire (3.3.2.3)', () => {
    const block = encodePublishProperties({
      payloadFormat: 1,
      messageExpiry: 60,
      contentType: 'a/b',
      responseTopic: 'r',
      correlationData: Buffer.from([1, 2]),
      userProperties: [['k', 'v']],
    });
    assert.equal(block.toString('hex'), '0101020000003c030003612f620800017209000201022600016b000176');
  });

  for (const [what, hex] of [
    ['a property that is no part of a stored message (Topic Alias)', '230001'],
    ['a property that does not exist', '7f00'],
    ['a repeated property', '01010100'],
    ['a string that is cut off', '0300056162'],
    ['an integer that is cut off', '020000'],
    ['a user property without a value', '2600016b'],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.throws(() => decodePublishProperties(Buffer.from(hex, 'hex')), { code: 'properties-invalid' });
    });
  }

  it('answer arbitrary bytes with a result or an error of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodePublishProperties(bytes);
        } catch (error) {
          assert.ok(error instanceof ContractError);
        }
      }),
    );
  });
});
