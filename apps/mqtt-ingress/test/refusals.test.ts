import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { uniqueName, type Proc } from '@tributary/testing';
import { metric, Platform } from './platform.ts';
import { RawClient } from './raw-client.ts';

const NOT_UTF8 = Buffer.from([0x61, 0xff]);

describe('what is refused, and why', () => {
  let platform: Platform;
  let node: Proc;
  let strict: Proc;

  before(async () => {
    platform = await Platform.start();
    node = await platform.node({ 'mqtt.responseInformation': 'response/' });
    strict = await platform.node({ 'mqtt.engine': 'native', 'mqtt.checkPayloadFormat': true });
  });
  after(() => platform[Symbol.asyncDispose]());

  /** A device of MQTT 5. */
  function device(at: Proc, properties: object = {}): Promise<RawClient> {
    return RawClient.connect(at, { protocolVersion: 5, clientId: uniqueName('d'), properties });
  }

  it('a topic that is not for clients: the acknowledgement says so, if the device wants to hear it', async () => {
    using curious = await device(node);
    using indifferent = await device(node, { requestProblemInformation: false });
    for (const [client, reasonString] of [
      [curious, 'clients may not publish to this topic'],
      [indifferent, undefined],
    ] as const) {
      client.publish('$SYS/x', 'x', 1, 1);
      const puback = await client.take('puback');
      assert.deepEqual([puback.reasonCode, puback.properties?.reasonString], [0x90, reasonString]);
      client.publish('$SYS/x', 'x', 2, 2);
      const pubrec = await client.take('pubrec');
      assert.deepEqual([pubrec.reasonCode, pubrec.properties?.reasonString], [0x90, reasonString]);
      client.send({ cmd: 'pubrel', messageId: 9 });
      const pubcomp = await client.take('pubcomp');
      assert.equal(pubcomp.reasonCode, 0x92);
    }
  });

  it('a payload that is not the UTF-8 it says it is, where a setting asks for it', async () => {
    const utf8 = { properties: { payloadFormatIndicator: true } };
    using client = await device(strict);
    client.publish('a', 'ä', 1, 1, utf8);
    client.publish('a', NOT_UTF8, 1, 2, utf8);
    client.publish('a', NOT_UTF8, 2, 3, utf8);
    client.publish('a', NOT_UTF8, 0, 0, utf8);
    client.publish('a', NOT_UTF8, 1, 4, { properties: { payloadFormatIndicator: false } });
    client.publish('a', NOT_UTF8, 1, 5);
    const codes: [number | undefined, number | undefined][] = [];
    for (let n = 0; n < 4; n++) {
      const { messageId, reasonCode } = await client.take('puback');
      codes.push([messageId, reasonCode ?? 0]);
    }
    assert.deepEqual(codes, [[1, 0], [2, 0x99], [4, 0], [5, 0]]); // prettier-ignore
    const pubrec = await client.take('pubrec');
    assert.deepEqual([pubrec.messageId, pubrec.reasonCode], [3, 0x99]);
    assert.match(pubrec.properties?.reasonString ?? '', /not UTF-8/);
    const name = 'tributary_ingress_refused_publishes_total';
    assert.equal(await metric(strict, name, 'payload format invalid'), 3, 'the one at QoS 0 is counted');
    using old = await RawClient.connect(strict, { clientId: uniqueName('old') });
    old.publish('a', NOT_UTF8, 1, 1);
    await old.take('puback');
  });

  it('by default a payload is what it is', async () => {
    using client = await device(node);
    client.publish('a', NOT_UTF8, 1, 1, { properties: { payloadFormatIndicator: true } });
    assert.equal((await client.take('puback')).reasonCode ?? 0, 0);
  });

  it('a CONNECT: the reason string tells the device what it may know', async () => {
    const closed = await platform.node({ 'auth.anonymous': false });
    using client = new RawClient(closed, 5);
    client.sendConnect();
    const { reasonCode, properties } = await client.take('connack');
    assert.deepEqual([reasonCode, properties?.reasonString], [0x87, 'anonymous connections are not allowed']);
  });

  it('Response Information is told to devices that ask', async () => {
    using client = new RawClient(node, 5);
    client.sendConnect({ clientId: uniqueName('d'), properties: { requestResponseInformation: true } });
    assert.equal((await client.take('connack')).properties?.responseInformation, 'response/');
  });
});
