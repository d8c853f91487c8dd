import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { streamNames } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { Platform } from './platform.ts';
import { RawClient } from './raw-client.ts';

it('a full log withholds acknowledgements, then sends devices away, and takes on when there is room', async () => {
  await using platform = await Platform.start({ partitions: 1 });
  const node = await platform.node({
    'log.maxBytes': 1024 * 1024,
    'log.giveUpMs': 2_000,
    'lease.ttlMs': 60_000,
  });
  const payload = Buffer.alloc(100_000);
  using v5 = await RawClient.connect(node, { clientId: 'v5', protocolVersion: 5 });
  using v4 = await RawClient.connect(node, { clientId: 'v4' });
  let acknowledged = 0;
  for (let id = 1; id <= 20; id++) {
    v5.publish('full', payload, 1, id);
    const answer = v5.take('puback', 1_000).catch(() => null);
    if ((await answer) === null) break;
    acknowledged = id;
  }
  assert.ok(acknowledged >= 8 && acknowledged <= 10, `${acknowledged} acknowledged`);
  assert.equal((await node.get('/readyz')).status, 503);
  v4.publish('full', 'x', 1, 1);
  assert.equal((await v5.take('disconnect')).reasonCode, 0x97);
  await v5.untilClosed();
  await v4.untilClosed();
  assert.ok(![...v4.received, ...v5.received].some(({ cmd }) => cmd === 'puback'));
  assert.equal((await platform.rows()).length, acknowledged);
  await platform.manager.streams.purge(streamNames.log(1, 0));
  await delay(100);
  await until(async () => {
    using next = await RawClient.connect(node, { clientId: 'v5' });
    next.publish('room', 'x', 1, 1);
    return await next.take('puback', 1_000);
  });
  await until(() => node.get('/readyz').then(({ ok }) => ok));
  console.log(
    `full log: ${acknowledged} messages of 100 kB acknowledged and stored, the rest not acknowledged`,
  );
});
