import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Slots } from '../../src/connect/slots.ts';

describe('slots', () => {
  const never = new AbortController().signal;

  it('run so many at once, first come first served', async () => {
    const slots = new Slots(3, 100);
    const order: number[] = [];
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        slots.use(never, async () => {
          order.push(n);
          most = Math.max(most, slots.running);
          await delay(n % 4);
        }),
      ),
    );
    assert.equal(most, 3);
    assert.deepEqual(
      order,
      Array.from({ length: 20 }, (_, n) => n),
    );
    assert.deepEqual([slots.running, slots.waiting], [0, 0]);
  });

  it('give a slot back when the work fails', async () => {
    const slots = new Slots(1, 1);
    const failing = slots.use(never, () => Promise.reject(new Error('no')));
    const next = slots.use(never, () => Promise.resolve('yes'));
    await assert.rejects(failing, /no/);
    assert.equal(await next, 'yes');
  });

  it('let go of who does not want to wait any longer, and refuse who would be too many', async () => {
    const slots = new Slots(1, 2);
    const { promise, resolve } = Promise.withResolvers<void>();
    const running = slots.use(never, () => promise);
    const impatient = new AbortController();
    const left = slots.use(impatient.signal, () => Promise.resolve('left'));
    const stays = slots.use(never, () => Promise.resolve('stays'));
    await assert.rejects(
      slots.use(never, () => Promise.resolve()),
      { code: 'busy' },
    );
    impatient.abort(new Error('enough'));
    await assert.rejects(left, /enough/);
    assert.equal(slots.waiting, 1);
    resolve();
    await running;
    assert.equal(await stays, 'stays');
  });
});
