import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health } from '../src/mod.ts';

test('ready means running with every component usable', () => {
  const health = new Health(() => undefined);
  assert.equal(health.ready, false);
  health.enter('running');
  assert.equal(health.ready, true);
  health.set('nats', false, 'away');
  assert.equal(health.ready, false);
  health.set('nats', true);
  health.enter('draining');
  assert.equal(health.ready, false);
});

test('only changes are told, and since is when it became so', async () => {
  const told: unknown[] = [];
  const health = new Health((component) =>
    told.push(component && [component.name, component.ok, component.reason]),
  );
  health.set('nats', false, 'away');
  const since = health.components[0]?.since;
  await new Promise((resolve) => setTimeout(resolve, 5));
  health.set('nats', false, 'still away');
  assert.equal(health.components[0]?.reason, 'still away');
  assert.equal(health.components[0].since, since);
  health.set('nats', true, 'reasons are for what is not ok');
  health.set('nats', true);
  assert.equal(health.components[0].reason, '');
  assert.ok(since && health.components[0].since > since);
  health.remove('nats');
  health.remove('nats');
  assert.deepEqual(told, [['nats', false, 'away'], ['nats', true, ''], undefined]);
});

test('a warning shows and takes no work away', () => {
  const health = new Health(() => undefined);
  health.enter('running');
  health.warn('users', 'the file is broken, the last good one is in use');
  assert.equal(health.ready, true);
  assert.deepEqual(
    health.components.map(({ ok, reason }) => [ok, reason]),
    [[true, 'the file is broken, the last good one is in use']],
  );
  health.set('users', true);
  assert.equal(health.components[0]?.reason, '');
});
