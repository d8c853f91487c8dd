import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { subjects } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { mappingText, startControl, type ControlFixture } from './control-fixture.ts';

const GRACE = { 'readers.graceMs': 4_000 };

async function readers(fixture: ControlFixture): Promise<string[]> {
  return [...new Set((await fixture.cursors.entries()).map(({ reader }) => reader))].toSorted();
}

describe('readers of the log', () => {
  it('of a cluster that is gone are removed after the mapping without it is active, others stay', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane(GRACE);
    await fixture.cursors.register('session-state', await fixture.topology());
    await control.apply(mappingText('main', 'other'));
    await control.apply(mappingText('main'));
    assert.deepEqual(await readers(fixture), ['cluster_main', 'cluster_other', 'session-state']);
    await until(async () => (await readers(fixture)).length === 2, { timeoutMs: 30_000 });
    assert.deepEqual(await readers(fixture), ['cluster_main', 'session-state']);
  });

  it('of a cluster that comes back in time stay', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane(GRACE);
    await control.apply(mappingText('main', 'other'));
    await control.apply(mappingText('main'));
    await control.apply(mappingText('main', 'other'));
    await sleep(7_000);
    assert.deepEqual(await readers(fixture), ['cluster_main', 'cluster_other']);
  });

  it('left over by an application that never finished are removed, even if the control plane was killed', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane(GRACE);
    await control.apply(mappingText('main'));
    await fixture.cursors.register('cluster_never', await fixture.topology());
    await control.proc.restart('kill');
    await until(async () => (await readers(fixture)).length === 1, { timeoutMs: 30_000 });
    assert.deepEqual(await readers(fixture), ['cluster_main']);
  });

  it('that are missing are registered again where they lose nothing', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane(GRACE);
    await control.apply(mappingText('main'));
    await fixture.js.publish(subjects.log(1, 0), 'appended while nobody is registered');
    await fixture.cursors.remove('cluster_main', await fixture.topology());
    await until(async () => (await readers(fixture)).length === 1, { timeoutMs: 30_000 });
    assert.equal((await fixture.cursors.read('cluster_main', 1, 0))?.sequence, 0);
  });
});

describe('readers of clusters that are not required', () => {
  async function optional(fixture: ControlFixture): Promise<string[]> {
    const entries = await fixture.cursors.entries();
    return [
      ...new Set(entries.filter(({ cursor }) => cursor.optional).map(({ reader }) => reader)),
    ].toSorted();
  }

  const text = (required: boolean): string =>
    mappingText('main', 'other').replace(
      '  other: { brokers: ["kafka:9092"] }',
      `  other: { brokers: ["kafka:9092"], required: ${required} }`,
    );

  it('are optional once the mapping is active, for as long as it is', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane();
    await fixture.cursors.register('session-state', await fixture.topology());
    await control.apply(text(false));
    await until(async () => (await optional(fixture)).join() === 'cluster_other', { timeoutMs: 5_000 });
    const entries = (await fixture.cursors.entries()).filter(({ cursor }) => cursor.optional);
    assert.equal(entries.length, 2, 'in every partition');
    await control.apply(text(true));
    assert.deepEqual(await optional(fixture), [], 'required from before it is active');
    await control.apply(text(false));
    await until(async () => (await optional(fixture)).length === 1, { timeoutMs: 5_000 });
    await control.apply(mappingText('main'));
    await until(async () => (await optional(fixture)).length === 0, { timeoutMs: 5_000 });
  });

  it('are put right after a control plane died in the middle of applying', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane(GRACE);
    await control.apply(text(false));
    await until(async () => (await optional(fixture)).length === 1, { timeoutMs: 5_000 });
    // It registers the readers of a mapping that never becomes active.
    await control.proc.kill();
    await fixture.cursors.register('cluster_other', await fixture.topology());
    assert.deepEqual(await optional(fixture), []);
    await control.proc.start();
    await until(async () => (await optional(fixture)).join() === 'cluster_other', { timeoutMs: 10_000 });
  });
});
