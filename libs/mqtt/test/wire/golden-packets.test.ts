import assert from 'node:assert/strict';
import type { InboundPublish } from '../../src/mod.ts';
import { engineTest, type RecordingHost } from '../support/engine-fixture.ts';
import { goldenConnects } from './golden-connects.ts';
import { goldenPackets } from './golden-packets.ts';

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString('hex');

for (const { name, bytes, heard } of goldenConnects) {
  engineTest(`golden: ${name}`, async (start) => {
    await using fixture = await start();
    const client = await fixture.client();
    assert.match(await client.send(bytes).nextHex(), /^20 0000/);
    const [request] = fixture.host.connects;
    assert.ok(request);
    const { will, password, ...rest } = request;
    const given: Record<string, unknown> = {
      ...rest,
      password: hex(password),
      will: will && { ...will, payload: hex(will.payload), properties: hex(will.properties) },
    };
    for (const key of Object.keys(heard)) assert.deepEqual(given[key], heard[key], key);
    client.destroy();
  });
}

for (const { name, version, bytes, heard } of goldenPackets) {
  engineTest(`golden: ${name}`, async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    const client = await fixture.client({ version });
    // Behind it a PINGREQ, if it leaves the connection open: whatever the packet led to has been done before.
    const ends = 'closed' in heard;
    client.send(bytes, ...(ends ? [] : [Buffer.from([0xc0, 0])]));
    if (ends) await host.until(() => host.closures.length === 1, 'closure');
    else while ((await client.nextHex()) !== 'd0');
    assert.deepEqual(sayings(host), heard);
    client.destroy();
  });
}

function sayings(host: RecordingHost): Record<string, unknown> {
  const [publish] = host.publishes;
  const [acknowledged] = host.acknowledgements;
  const [released] = host.releases;
  const [subscribe] = host.subscribes;
  const [unsubscribe] = host.unsubscribes;
  const [closure] = host.closures;
  return {
    ...(publish && { publish: published(publish) }),
    ...(acknowledged !== undefined && { acknowledged }),
    ...(released !== undefined && { released }),
    ...(subscribe && { subscribe }),
    ...(unsubscribe && { unsubscribe }),
    ...(closure && { closed: `${closure.kind} ${closure.reason}` }),
    ...(closure?.sessionExpiry !== undefined && { sessionExpiry: closure.sessionExpiry }),
  };
}

function published({ topic, payload, qos, retain, dup, packetId, properties }: InboundPublish): object {
  return { dup, retain, properties: hex(properties), topic, payload: hex(payload), qos, packetId };
}
