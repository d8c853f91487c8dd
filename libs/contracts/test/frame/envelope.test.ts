import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ContractError,
  Envelope,
  EnvelopeWriter,
  openRow,
  type RowInput,
  type RowView,
} from '../../src/mod.ts';
import { rowArbitrary } from './arbitraries.ts';
import { fullRow, plainRow } from './samples.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/envelope.json', import.meta.url), 'utf8'),
) as Record<string, string>;

function encode(rows: readonly RowInput[]): Buffer {
  const writer = new EnvelopeWriter();
  for (const row of rows) writer.append(row);
  return writer.finish();
}

function assertRow(view: RowView, row: RowInput): void {
  const { topic, clientId, sessionId, username, trace, origin, properties, payload, ...numbers } = row;
  for (const [name, value] of Object.entries(numbers)) {
    assert.equal(view[name as keyof typeof numbers], value, name);
  }
  assert.equal(view.topic, Buffer.from(topic, 'utf8').toString('utf8'));
  assert.equal(view.clientId, Buffer.from(clientId).toString('utf8'));
  assert.deepEqual([...view.clientIdBytes], [...clientId]);
  assert.equal(view.sessionId, Buffer.from(sessionId).toString('utf8'));
  assert.equal(view.username, Buffer.from(username).toString('utf8'));
  assert.equal(view.origin, Buffer.from(origin).toString('utf8'));
  assert.deepEqual([...view.trace], [...trace]);
  assert.deepEqual([...view.properties], [...properties]);
  assert.deepEqual([...view.payload], [...payload]);
}

describe('envelope', () => {
  it('keeps its golden vectors, byte for byte', () => {
    assert.equal(encode([]).toString('hex'), vectors['no rows']);
    assert.equal(encode([plainRow]).toString('hex'), vectors['one plain row']);
    assert.equal(
      encode([fullRow, plainRow]).toString('hex'),
      vectors['a row with every field, and a plain one'],
    );
  });

  it('decodes its golden vectors', () => {
    const envelope = Envelope.open(
      Buffer.from(vectors['a row with every field, and a plain one'] ?? '', 'hex'),
    );
    assert.equal(envelope.rows, 2);
    assertRow(envelope.row(0), fullRow);
    assertRow(envelope.row(1), plainRow);
  });

  it('gives back any rows it was given', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { maxLength: 20 }), (rows) => {
        const envelope = Envelope.open(encode(rows));
        assert.equal(envelope.rows, rows.length);
        rows.forEach((row, index) => assertRow(envelope.row(index), row));
      }),
    );
  });

  it('carries a row verbatim to where it travels alone', () => {
    const view = Envelope.open(encode([plainRow, fullRow])).row(1);
    assertRow(openRow(Buffer.from(view.bytes)), fullRow);
  });

  it('can be written again after finish, with nothing left over', () => {
    const writer = new EnvelopeWriter();
    writer.append(fullRow);
    writer.finish();
    writer.append(plainRow);
    assert.equal(writer.finish().toString('hex'), vectors['one plain row']);
  });

  it('answers every truncation with an error', () => {
    const whole = encode([fullRow, plainRow]);
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => Envelope.open(whole.subarray(0, length)), ContractError, `${length} bytes`);
    }
    assert.throws(() => Envelope.open(Buffer.concat([whole, Buffer.from([0])])), ContractError);
  });

  it('answers every altered byte with an error', () => {
    const whole = encode([fullRow, plainRow]);
    for (let at = 0; at < whole.length; at++) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 0x41;
      assert.throws(() => Envelope.open(altered), ContractError, `byte ${at}`);
    }
  });

  it('answers arbitrary bytes with an error, whatever they claim', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        assert.throws(() => Envelope.open(bytes), ContractError);
      }),
    );
  });

  it('refuses a name that its length field cannot hold', () => {
    const writer = new EnvelopeWriter();
    assert.throws(() => writer.append({ ...plainRow, clientId: new Uint8Array(65_536) }), {
      code: 'row-invalid',
    });
    assert.throws(() => writer.append({ ...plainRow, topic: 'x'.repeat(65_536) }), { code: 'row-invalid' });
    writer.append(plainRow);
    assert.equal(writer.finish().toString('hex'), vectors['one plain row']);
  });

  it('refuses rows outside the envelope', () => {
    const envelope = Envelope.open(encode([plainRow]));
    assert.throws(() => envelope.row(1), RangeError);
    assert.throws(() => envelope.row(-1), RangeError);
  });
});
