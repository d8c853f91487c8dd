import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { subjects, type NodeAnswer } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { metric } from '../platform.ts';
import { recipient, type TestDelivery } from '../session-responder.ts';
import { DeliveryFixture, NODE, publishes } from './delivery-fixture.ts';

describe('delivery batches', () => {
  let fixture: DeliveryFixture;

  before(async () => {
    fixture = await DeliveryFixture.start();
  });
  after(() => fixture[Symbol.asyncDispose]());
  beforeEach(() => {
    fixture.channel++;
  });

  it('are accepted in order only: a gap is asked for, repeats and deposed owners are ignored', async () => {
    const [client, clientId, epoch] = await fixture.connect();
    using _client = client;
    const one = (n: number): TestDelivery[] => [
      { sequence: n, message: { topic: 'n', payload: String(n) }, to: [recipient(clientId, epoch, 0)] },
    ];
    fixture.send(1, 5, one(1));
    fixture.send(3, 5, one(3));
    fixture.send(4, 5, one(4));
    await until(() => fixture.session.lastReport(fixture.channel)?.resend === true);
    const asked = fixture.reports(true);
    assert.equal(asked, 1, 'asked once, not per batch');
    for (const n of [2, 3, 4, 4, 2]) fixture.send(n, 5, one(n));
    await fixture.reported(4, 5);
    // A new owner: it starts again at 1, and repeats what was reported but not known to it.
    fixture.send(1, 9, [...one(3), ...one(4), ...one(5)]);
    fixture.send(5, 5, one(99));
    fixture.send(2, 9, one(6));
    await fixture.reported(2, 9);
    assert.deepEqual(
      (await publishes(client, 6)).map(({ payload }) => payload.toString()),
      ['1', '2', '3', '4', '5', '6'],
    );
    const batches = (result: string): Promise<number> =>
      metric(fixture.node, 'tributary_ingress_delivery_batches_total', `result="${result}"`);
    console.log(
      `batches: accepted ${await batches('accepted')}, gaps ${await batches('gap')}, ` +
        `repeated ${await batches('repeated')}, stale ${await batches('stale')}`,
    );
    assert.equal(await batches('stale'), 1);
  });

  it('ask again for a gap that stays, and for one at the very beginning', async () => {
    fixture.send(7, 3, []);
    await until(() => fixture.session.lastReport(fixture.channel)?.resend === true);
    assert.deepEqual(
      [
        fixture.session.lastReport(fixture.channel)?.number,
        fixture.session.lastReport(fixture.channel)?.epoch,
      ],
      [0, 3],
    );
    await delay(300);
    fixture.send(8, 3, []);
    await until(() => fixture.reports(true) === 2);
  });

  it('are reported again after a change, and when asked for', async () => {
    fixture.send(1, 4, []);
    await fixture.reported(1, 4);
    const first = fixture.reports();
    await until(() => fixture.reports() > first, {
      timeoutMs: 3_000,
      what: 'the report is repeated',
    });
    await delay(1_500);
    const quiet = fixture.reports();
    const command = JSON.stringify({ type: 'report', channel: fixture.channel, epoch: 4 });
    const reply = await fixture.platform.nats.request(subjects.nodeCommands(NODE), command, {
      timeout: 1_000,
    });
    assert.deepEqual(reply.json<NodeAnswer>(), { ok: true });
    await until(() => fixture.reports() > quiet);
  });

  it('for an earlier life of the node are not counted in this one', async () => {
    const [client, clientId, epoch] = await fixture.connect();
    using _client = client;
    const { instance } = fixture.self;
    const one = (payload: string): TestDelivery[] => [
      { sequence: 1, message: { topic: 'n', payload }, to: [recipient(clientId, epoch, 1)] },
    ];
    const batch = { channel: fixture.channel, epoch: 1, number: 1 };
    fixture.session.send({ instance, epoch: fixture.self.epoch - 1 }, batch, one('earlier'));
    fixture.send(1, 1, one('now'));
    await fixture.reported(1, 1);
    assert.deepEqual(
      (await publishes(client, 1)).map(({ payload }) => payload.toString()),
      ['now'],
    );
  });

  it('may cut one message into deliveries for different devices', async () => {
    const [a, idA, epochA] = await fixture.connect();
    const [b, idB, epochB] = await fixture.connect();
    using _a = a;
    using _b = b;
    const message = { topic: 'n', payload: 'x' };
    const toA = { sequence: 1, message, to: [recipient(idA, epochA, 1)] };
    const toB = { sequence: 1, message, to: [recipient(idB, epochB, 1)] };
    fixture.send(1, 1, [toA]);
    await fixture.reported(1, 1);
    // The next owner does not know that the first device has it.
    fixture.send(1, 2, [toA, toB]);
    await fixture.reported(1, 2);
    assert.equal((await publishes(b, 1)).length, 1);
    assert.equal((await publishes(a, 1)).length, 1);
  });

  it('survive a broken batch', async () => {
    const [client, clientId, epoch] = await fixture.connect();
    using _client = client;
    fixture.platform.nats.publish(subjects.deliveries(NODE, fixture.self.epoch), 'not a batch');
    fixture.send(1, 1, [
      { sequence: 1, message: { topic: 'x', payload: 'ok' }, to: [recipient(clientId, epoch, 0)] },
    ]);
    assert.equal((await publishes(client, 1)).length, 1);
    assert.equal(await metric(fixture.node, 'tributary_ingress_delivery_batches_total', 'invalid'), 1);
  });
});
