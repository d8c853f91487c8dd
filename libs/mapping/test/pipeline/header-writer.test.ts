import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeHeaderName, HeaderWriter } from '../../src/pipeline/header-writer.ts';
import { readHeaderList } from '../../src/tests/read-header-list.ts';

test('the encoding, byte by byte', () => {
  const writer = new HeaderWriter();
  writer.text(encodeHeaderName('ab'), 'é');
  writer.bytes(encodeHeaderName('c'), Uint8Array.of(9));
  assert.equal(
    Buffer.from(writer.view()).toString('hex'),
    '0200' + '6162' + '02000000' + 'c3a9' + '0100' + '63' + '01000000' + '09',
  );
});

test('any headers are read back, however large', () => {
  const header = fc.tuple(
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.string({ unit: 'grapheme', maxLength: 3000 }),
    fc.boolean(),
  );
  fc.assert(
    fc.property(fc.array(header, { maxLength: 12 }), (headers) => {
      const writer = new HeaderWriter();
      for (const [name, value, asBytes] of headers) {
        if (asBytes) writer.bytes(encodeHeaderName(name), Buffer.from(value));
        else writer.text(encodeHeaderName(name), value);
      }
      assert.deepEqual(
        readHeaderList(writer.view()),
        headers.map(([name, value]) => [name, value]),
      );
    }),
  );
});

test('what is truncated is written over', () => {
  const writer = new HeaderWriter();
  writer.text(encodeHeaderName('a'), '1');
  const kept = writer.length;
  writer.text(encodeHeaderName('b'), '2');
  writer.truncate(kept);
  writer.encoded(Uint8Array.of(1, 0, 99, 0, 0, 0, 0));
  assert.deepEqual(readHeaderList(writer.view()), [
    ['a', '1'],
    ['c', ''],
  ]);
});
