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
    assert.equal(answers.rowSettled(), -1);
    assert.equal(answers.headReady, true);
    const first = answers.shift();
    assert.deepEqual([answerOf(first), packetIdOf(first), reasonOf(first)], [Answer.pubrec, 65_535, 0]);
    assert.equal(answers.headReady, true);
    const second = answers.shift();
    assert.deepEqual([answerOf(second), packetIdOf(second), reasonOf(second)], [Answer.pubcomp, 1, 0x92]);
    assert.deepEqual([answers.length, answers.headReady, answers.rows], [0, false, 0]);
  });

  it('that wait for Kafka too leave when it has them, with the reason given then', () => {
    const answers = new PendingAnswers();
    answers.waitForCommit(Answer.puback, 7);
    const ticket = answers.rowSettled();
    assert.deepEqual([ticket, answers.headReady, answers.rows], [0, false, 0]);
    answers.settleCommit(ticket, 0x97);
    assert.equal(answers.headReady, true);
    const entry = answers.shift();
    assert.deepEqual([answerOf(entry), packetIdOf(entry), reasonOf(entry)], [Answer.puback, 7, 0x97]);
  });

  it('leave in the order they came, each when it and all before it wait for nothing', () => {
    const kinds = fc.constantFrom('row', 'commit', 'ready');
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), kinds: fc.array(kinds, { maxLength: 30 }) }),
      fc.record({ do: fc.constant('store' as const), count: fc.integer({ min: 0, max: 30 }) }),
      fc.record({ do: fc.constant('commit' as const), which: fc.array(fc.nat(60), { maxLength: 20 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const answers = new PendingAnswers();
        const model: { id: number; row: boolean; commit: boolean; ticket: number }[] = [];
        let next = 0;
        const drain = (): void => {
          while (answers.headReady) {
            const first = model.shift();
            assert.deepEqual([first?.row, first?.commit], [false, false], 'the head waits for nothing');
            assert.equal(packetIdOf(answers.shift()), first?.id);
          }
          const head = model[0];
          assert.ok(head === undefined || head.row || head.commit, 'what may leave has left');
          assert.equal(answers.length, model.length);
          assert.equal(answers.rows, model.filter(({ row }) => row).length);
        };
        for (const each of steps) {
          if (each.do === 'push') {
            for (const kind of each.kinds) {
              const id = next++ & 0xffff;
              if (kind === 'ready') answers.ready(Answer.puback, id, 0x90);
              else if (kind === 'row') answers.waitForRow(Answer.puback, id);
              else answers.waitForCommit(Answer.puback, id);
              model.push({ id, row: kind !== 'ready', commit: kind === 'commit', ticket: -1 });
            }
          } else if (each.do === 'store') {
            for (let n = 0; n < each.count; n++) {
              const oldest = model.find(({ row }) => row);
              if (oldest === undefined) break;
              oldest.row = false;
              oldest.ticket = answers.rowSettled();
              assert.equal(oldest.ticket >= 0, oldest.commit);
            }
          } else {
            for (const which of each.which) {
              const entry = model[which];
              if (entry === undefined || !entry.commit || entry.row) continue;
              entry.commit = false;
              answers.settleCommit(entry.ticket, 0);
            }
          }
          drain();
        }
      }),
    );
  });
});
