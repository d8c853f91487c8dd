import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isReplay, outHeaders, parseOutHeaders, type OutPosition } from '../src/mod.ts';

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

  it('survives it with what it says of replays', () => {
    const replay = { count: 3, request: 17, requests: 'b1c2' };
    const later: OutPosition = { ...position, replay };
    assert.deepEqual(parse(new Map(outHeaders(later))), later);
    const letter = { sequence: 9, attempts: 2, firstSeenMs: 1_700_000_000_000 };
    const made: OutPosition = { ...later, from: 21, letter };
    assert.deepEqual(parse(new Map(outHeaders(made))), made);
    assert.deepEqual([isReplay(position), isReplay(made)], [false, true]);
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
    ['Trib-Replay', '3/17'],
    ['Trib-Replay', '3/x/b1c2'],
    ['Trib-Letter', '9/2'],
    ['Trib-Letter', '9/2/3/4'],
  ] as const) {
    it(`is refused with ${name}: ${value}`, () => {
      const headers = new Map(outHeaders(position)).set(name, value);
      assert.throws(() => parse(headers), { code: 'position-invalid' });
    });
  }
});
