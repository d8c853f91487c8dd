import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Deadlines } from '../../src/sessions/deadlines.ts';

describe('deadlines', () => {
  it('are due in the second after their time, once', () => {
    const deadlines = new Deadlines(10_000);
    deadlines.set('a', 11_001);
    deadlines.set('b', 12_000);
    assert.deepEqual(deadlines.due(11_999), []);
    assert.deepEqual(deadlines.due(12_000).sort(), ['a', 'b']);
    assert.deepEqual(deadlines.due(20_000), []);
    assert.equal(deadlines.size, 0);
  });

  it('are due in the next second if their time is over', () => {
    const deadlines = new Deadlines(10_000);
    deadlines.set('late', 1_000);
    assert.deepEqual(deadlines.due(10_999), []);
    assert.deepEqual(deadlines.due(11_000), ['late']);
  });

  it('can be moved and taken back', () => {
    const deadlines = new Deadlines(10_000);
    deadlines.set('moved', 11_000);
    deadlines.set('moved', 13_000);
    deadlines.set('gone', 11_000);
    deadlines.delete('gone');
    assert.deepEqual(deadlines.due(12_000), []);
    assert.deepEqual(deadlines.due(13_000), ['moved']);
  });

  it('are all found after a long pause', () => {
    const deadlines = new Deadlines(0);
    deadlines.set('a', 5_000);
    deadlines.set('b', 90_000_000_000);
    deadlines.set('c', 90_000_000_001_000);
    assert.deepEqual(deadlines.due(90_000_000_000).sort(), ['a', 'b']);
    assert.equal(deadlines.size, 1);
  });
});
