import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DeliveryFixture, INFLIGHT, publishes } from '../delivery/delivery-fixture.ts';
import { recipient } from '../session-responder.ts';

test('a device has no more unacknowledged than the node lets it, whatever it says it takes', async () => {
  await using fixture = await DeliveryFixture.start();
  const [client, clientId, epoch] = await fixture.connect(5, { properties: { receiveMaximum: 1_000 } });
  using _client = client;
  const message = { topic: 'a', payload: 'x' };
  const total = INFLIGHT + 10;
  fixture.send(
    1,
    10,
    Array.from({ length: total }, (_, n) => ({
      sequence: n + 1,
      message,
      to: [recipient(clientId, epoch, 1)],
    })),
  );
  const first = await publishes(client, INFLIGHT);
  await delay(200);
  assert.equal(first.length, INFLIGHT);
  assert.deepEqual(client.received, []);
  for (const { messageId } of first.slice(0, 10)) client.send({ cmd: 'puback', messageId: messageId ?? 0 });
  assert.equal((await publishes(client, 10)).length, 10);
});
