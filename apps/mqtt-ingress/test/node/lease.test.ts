import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { buckets } from '@tributary/contracts';
import { evictMember, memberKey, type MemberRecord } from '@tributary/log';
import { until, type Proc } from '@tributary/testing';
import { metric, Platform } from '../platform.ts';
import { RawClient } from '../raw-client.ts';

const ROLE = 'mqtt-ingress';

describe('the lease of a node', () => {
  async function epochOf(platform: Platform, instance: string): Promise<number> {
    const leases = await new Kvm(jetstream(platform.nats)).open(buckets.leases);
    const entry = await leases.get(memberKey(ROLE, instance));
    return entry?.operation === 'PUT' ? entry.json<MemberRecord>().epoch || entry.revision : 0;
  }

  const ready = (node: Proc) => (): Promise<boolean> => node.get('/readyz').then(({ ok }) => ok);

  it('when taken away closes all devices, and the node joins again with a higher epoch', async () => {
    await using platform = await Platform.start();
    const node = await platform.node({ 'service.instance': 'one' });
    const epoch = await epochOf(platform, 'one');
    using v5 = await RawClient.connect(node, { clientId: 'v5', protocolVersion: 5 });
    using v4 = await RawClient.connect(node, { clientId: 'v4' });
    const leases = await new Kvm(jetstream(platform.nats)).open(buckets.leases);
    await evictMember(leases, ROLE, { instance: 'one', epoch });
    assert.equal((await v5.take('disconnect')).reasonCode, 0x9c);
    await v4.untilClosed();
    // A CONNECT that comes between two lives waits for the next.
    using next = await RawClient.connect(node, { clientId: 'v4' });
    next.publish('a', 'x', 1, 1);
    await next.take('puback');
    await until(ready(node));
    assert.ok((await epochOf(platform, 'one')) > epoch);
  });

  it('belongs to the process that came last, and the other waits until that one is gone', async () => {
    await using platform = await Platform.start();
    const settings = { 'service.instance': 'twin', 'lease.ttlMs': 1_500 };
    const first = await platform.node(settings);
    using client = await RawClient.connect(first, { clientId: 'a' });
    const second = await platform.node(settings);
    await client.untilClosed();
    using stays = await RawClient.connect(second, { clientId: 'b' });
    await delay(4_000);
    assert.equal(stays.closed, false, 'the first did not take the name back');
    assert.equal(await ready(first)(), false);
    assert.equal(await metric(second, 'tributary_leases_lost_total'), 0);
    await second.kill();
    await until(ready(first), { timeoutMs: 30_000, what: 'the first has joined again' });
    using again = await RawClient.connect(first, { clientId: 'b' });
    again.publish('a', 'x', 1, 1);
    await again.take('puback');
  });
});
