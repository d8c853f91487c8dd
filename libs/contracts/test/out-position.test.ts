import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outHeaders, parseOutHeaders, type OutPosition } from '../src/mod.ts';

const position: OutPosition = {
  incarnation: 'a1b2c3d4e5f60718',
  from: 11,
  sequence: 20,
  part: 1,
  parts: 3,
  mapping: 4,
  epoch: 77,
};

const parse = (headers: Map<string, string>): OutPosition =>
  parseOutHeaders((name) => headers.get(name) ?? '');

describe('position in OUT headers', () => {
  it('survives the round trip', () => {
    assert.deepEqual(parse(new Map(outHeaders(position))), position);
  });

  for (const [name] of outHeaders(position)) {
    it(`is refused without ${name}`, () => {
      const headers = new Map(outHeaders(position));
      headers.delete(name);
      assert.throws(() => parse(headers), { code: 'position-invalid' });
    });
  }

  for (const [name, value] of [
    ['Trib-Part', '1/2/3'],
    ['Trib-Range', '11'],
    ['Trib-Range', '-1-20'],
    ['Trib-Mapping', '4x'],
    ['Trib-Epoch', '99999999999999999'],
  ] as const) {
    it(`is refused with ${name}: ${value}`, () => {
      const headers = new Map(outHeaders(position)).set(name, value);
      assert.throws(() => parse(headers), { code: 'position-invalid' });
    });
  }
});
