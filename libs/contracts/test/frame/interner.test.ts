import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Interner } from '../../src/frame/interner.ts';

test('whatever was asked before, the text is the text', () => {
  const interner = new Interner();
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom('ab', 'ba', 'aab', 'abb', 'äb', 'bä'),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), fc.nat(9), (texts, offset) => {
      for (const each of texts) {
        const bytes = Buffer.concat([Buffer.alloc(offset, 'z'), Buffer.from(each), Buffer.from('tail')]);
        const end = bytes.length - 4;
        assert.equal(interner.text(bytes, offset, end), bytes.toString('utf8', offset, end));
      }
    }),
  );
});

test('what it knows does not change with the bytes it was read from', () => {
  const interner = new Interner();
  const bytes = Buffer.from('topic');
  assert.equal(interner.text(bytes, 0, 5), 'topic');
  bytes.write('TOPIC');
  assert.equal(interner.text(bytes, 0, 5), 'TOPIC');
  assert.equal(interner.text(Buffer.from('topic'), 0, 5), 'topic');
});
