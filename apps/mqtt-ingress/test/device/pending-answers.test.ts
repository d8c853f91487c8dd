import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Answer, answerOf, packetIdOf, PendingAnswers, reasonOf } from '../../src/device/pending-answers.ts';

describe('pending answers', () => {
  it('keep what they were given', () => {
    const answers = new PendingAnswers();
    answers.waitForRow(Answer.pubrec, 65_535);
    answers.ready(Answer.pubcomp, 1, 0x92);
    assert.equal(answers.headReady, false);
    const first = answers.shift();
    assert.deepEqual([answerOf(first), packetIdOf(first), reasonOf(first)], [Answer.pubrec, 65_535, 0]);
    assert.equal(answers.headReady, true);
    const second = answers.shift();
    assert.deepEqual([answerOf(second), packetIdOf(second), reasonOf(second)], [Answer.pubcomp, 1, 0x92]);
    assert.deepEqual([answers.length, answers.headReady], [0, false]);
  });

  it('leave in the order they came, however many wait', () => {
    const step = fc.record({ push: fc.integer({ min: 0, max: 40 }), shift: fc.integer({ min: 0, max: 40 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const answers = new PendingAnswers();
        const model: number[] = [];
        let next = 0;
        for (const { push, shift } of steps) {
          for (let n = 0; n < push; n++) {
            const id = next++ & 0xffff;
            if (n % 3 === 0) answers.ready(Answer.puback, id, 0x90);
            else answers.waitForRow(Answer.puback, id);
            model.push(id);
          }
          for (let n = 0; n < shift && model.length > 0; n++) {
            assert.equal(packetIdOf(answers.shift()), model.shift());
          }
          assert.equal(answers.length, model.length);
        }
      }),
    );
  });
});
