import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SendRounds } from '../../src/kafka/send-rounds.ts';

/** Rounds whose sends end when the test says so. */
function rounds(lingerMs: number) {
  const departures: number[] = [];
  let waiting = 0;
  let land = Promise.withResolvers<void>();
  const clock = new SendRounds({
    lingerMs,
    isUrgent: () => waiting > 0,
    depart: () => {
      departures.push(performance.now());
      waiting = 0;
      return land.promise;
    },
  });
  return {
    clock,
    departures,
    add() {
      waiting++;
      clock.schedule();
    },
    land() {
      land.resolve();
      land = Promise.withResolvers<void>();
    },
  };
}

test('all who wait have their turn in the same round, before it departs', async () => {
  const { clock, departures, land } = rounds(60);
  const order: string[] = [];
  await clock.turn();
  await new Promise(setImmediate);
  land();
  await sleep(1);
  void clock.turn().then(() => order.push(`one at ${departures.length}`));
  void clock.turn().then(() => order.push(`two at ${departures.length}`));
  await sleep(120);
  assert.deepEqual(order, ['one at 1', 'two at 1']);
  assert.equal(departures.length, 2);
  const [first = 0, second = 0] = departures;
  // It is counted from the beginning of a round.
  assert.ok(second - first >= 40, `${second - first} ms`);
});

test('after a pause a round begins at once; while a send is away none does, whatever waits', async () => {
  const { clock, departures, add, land } = rounds(10_000);
  await clock.turn();
  await new Promise(setImmediate);
  assert.equal(departures.length, 1);
  let turned = false;
  void clock.turn().then(() => (turned = true));
  add();
  await sleep(20);
  assert.deepEqual([turned, departures.length], [false, 1]);
  // What waits does not wait for the linger, and takes the others with it.
  land();
  await sleep(20);
  assert.deepEqual([turned, departures.length], [true, 2]);
});

test('nobody waits for a round that will not come', async () => {
  const { clock, land } = rounds(10_000);
  await clock.turn();
  await new Promise(setImmediate);
  land();
  await sleep(1);
  const turn = clock.turn();
  clock.end();
  await turn;
  await clock.turn();
});
