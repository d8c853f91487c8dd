import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { buckets, subjects, type NodeAnswer, type NodeCommand } from '@tributary/contracts';
import { latestActive, Membership, openBucket } from '@tributary/log';
import { until } from '@tributary/testing';
import { mappingText, startControl, type ControlFixture } from './control-fixture.ts';

const LOG = mappingText('main');
const KAFKA = LOG.replace('- name: all', '- name: all\n    ack: kafka');
const RULE = { filter: 'dev/#', cluster: 'main' };
const TTL_MS = 1_500;

/** Somebody in the role of an ingress node, who says yes when told to. */
async function join(fixture: ControlFixture, instance: string, holds: () => boolean): Promise<Membership> {
  const kv = await openBucket(fixture.js, buckets.leases, { replicas: 1 });
  const nats = fixture.nats;
  nats.subscribe(subjects.nodeCommands(instance), {
    callback: (_, message) => {
      const command = message.json<NodeCommand>();
      assert.equal(command.type, 'rules');
      const answer: NodeAnswer = holds() ? { ok: true } : { ok: false, code: 'failed', message: 'not yet' };
      message.respond(JSON.stringify(answer));
    },
  });
  return Membership.join({ kv, role: 'mqtt-ingress', instance, ttlMs: TTL_MS });
}

describe('a mapping with new ack: kafka filters', () => {
  it('becomes active when every ingress node holds to them', async () => {
    await using fixture = await startControl();
    let holds = false;
    await using _a = await join(fixture, 'a', () => true);
    await using _b = await join(fixture, 'b', () => holds);
    const control = await fixture.controlPlane({ 'lease.ttlMs': TTL_MS });
    assert.equal((await control.apply(LOG)).version, 1, 'without a new filter nobody is asked');
    const applying = control.apply(KAFKA);
    await until(async () => (await latestActive(fixture.manager)).announced.length === 1);
    const during = await latestActive(fixture.manager);
    assert.deepEqual([during.version, during.rules, during.announced], [1, [], [RULE]]);
    await new Promise((resolve) => setTimeout(resolve, 2 * TTL_MS));
    assert.equal((await latestActive(fixture.manager)).version, 1, 'b lives and has not said so');
    holds = true;
    assert.equal((await applying).version, 2);
    const after = await latestActive(fixture.manager);
    assert.deepEqual([after.version, after.rules, after.announced], [2, [RULE], []]);
    holds = false;
    assert.equal((await control.apply(LOG)).version, 3, 'to take a filter away nobody is asked');
    assert.deepEqual((await latestActive(fixture.manager)).rules, []);
  });

  it('is not applied while a node that lives does not say so; nothing stays announced', async () => {
    await using fixture = await startControl();
    await using _a = await join(fixture, 'a', () => false);
    const control = await fixture.controlPlane({ 'lease.ttlMs': TTL_MS, 'readers.graceMs': 2_000 });
    await assert.rejects(control.apply(KAFKA), { code: status.UNAVAILABLE, message: /ingress a / });
    const { version, announced } = await latestActive(fixture.manager);
    assert.deepEqual([version, announced], [0, []]);
  });

  it('does not wait for a node longer than its lease', async () => {
    await using fixture = await startControl();
    const kv = await openBucket(fixture.js, buckets.leases, { replicas: 1 });
    await kv.put('member.mqtt-ingress.dead', JSON.stringify({ epoch: 0 }));
    const control = await fixture.controlPlane({ 'lease.ttlMs': TTL_MS });
    const beganAt = performance.now();
    assert.equal((await control.apply(KAFKA)).applied, true);
    assert.ok(performance.now() - beganAt >= TTL_MS);
  });

  it('that a control plane died in the middle of applying is withdrawn', async () => {
    await using fixture = await startControl();
    const { versions } = fixture;
    await versions.announce([RULE], await versions.active());
    await fixture.controlPlane({ 'readers.graceMs': 400 });
    await until(async () => (await latestActive(fixture.manager)).announced.length === 0);
    assert.equal((await latestActive(fixture.manager)).version, 0);
  });
});
