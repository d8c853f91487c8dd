import assert from 'node:assert/strict';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

const REFERENCE = 'other.example:1883';

/** Whether a packet carries the reference as its Server Reference. */
function refers(body: Buffer | undefined): boolean {
  return body?.includes(Buffer.concat([Buffer.from([0x1c]), p.string(REFERENCE)])) ?? false;
}

for (const reason of [0x9c, 0x9d]) {
  engineTest(`drain sends clients of MQTT 5 elsewhere: 0x${reason.toString(16)}`, async (start) => {
    await using fixture = await start();
    const { host, engine } = fixture;
    const modern = await fixture.client({ version: 5, clientId: 'modern' });
    const small = await fixture.client({
      version: 5,
      clientId: 'small',
      properties: p.properties([0x27, 0, 0, 0, 30]),
    });
    const old = await fixture.client({ version: 4, clientId: 'old' });
    // Two whose CONNECT is being decided, one that sends its CONNECT in a moment, and one that never does.
    host.verdict = () => new Promise(() => {});
    const deciding = await fixture.client();
    deciding.send(p.connect({ version: 5, clientId: 'deciding' }));
    const oldDeciding = await fixture.client();
    oldDeciding.send(p.connect({ version: 4, clientId: 'old-deciding' }));
    const late = await fixture.client();
    const oldLate = await fixture.client();
    const silent = await fixture.client();
    await host.until(() => host.connects.length === 5, 'connects');

    const drained = engine.drain(reason, REFERENCE);
    const farewell = await modern.next();
    assert.deepEqual([farewell?.first, farewell?.body[0], refers(farewell?.body)], [0xe0, reason, true]);
    const short = await small.next();
    assert.deepEqual(
      [short?.first, short?.body[0], refers(short?.body)],
      [0xe0, reason, true],
      'the reason string gave way',
    );
    assert.equal(await old.nextHex(), 'closed');
    const refusal = await deciding.next();
    assert.deepEqual([refusal?.first, refusal?.body[1], refers(refusal?.body)], [0x20, reason, true]);
    assert.equal(await deciding.nextHex(), 'closed');
    assert.equal(await oldDeciding.nextHex(), 'closed');
    late.send(p.connect({ version: 5, clientId: 'late' }), p.publish({ version: 5 }));
    const answer = await late.next();
    assert.deepEqual([answer?.first, answer?.body[1], refers(answer?.body)], [0x20, reason, true]);
    assert.equal(await late.nextHex(), 'closed');
    assert.equal(await oldLate.send(p.connect({ version: 4, clientId: 'old-late' })).nextHex(), 'closed');
    assert.equal(await silent.nextHex(), 'closed');
    await drained;
    assert.equal(host.connects.length, 5, 'the host was not asked about those that came late');
    assert.deepEqual(host.closures.map(({ kind }) => kind), Array<string>(5).fill('server')); // prettier-ignore
    assert.deepEqual([engine.counters.connections, engine.handshakes.size], [0, 0]);
    assert.deepEqual(fixture.errors, []);
  });
}

engineTest(
  'drain ends an authentication that is under way',
  async (start) => {
    await using fixture = await start();
    fixture.host.verdict = async ({ authentication }) => {
      await authentication?.challenge(Buffer.alloc(0));
      return { accept: true };
    };
    const client = await fixture.client();
    client.send(p.connect({ version: 5, properties: p.authenticationBlock('TOY') }));
    assert.match(await client.nextHex(), /^f0 18/);
    const drained = fixture.engine.drain(0x9c, REFERENCE);
    const refusal = await client.next();
    assert.deepEqual([refusal?.first, refusal?.body[1], refers(refusal?.body)], [0x20, 0x9c, true]);
    await drained;
    assert.deepEqual(fixture.errors, []);
  },
  { exception: 'enhanced-authentication' },
);
