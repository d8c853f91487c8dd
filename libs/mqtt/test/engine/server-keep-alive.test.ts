import assert from 'node:assert/strict';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

/** Keep-alive a client asks for, protocol version, and what CONNACK says of it. */
const cases: [asked: number, version: 4 | 5, told: string | null][] = [
  [30, 5, null],
  [60, 5, null],
  [61, 5, '13003c'],
  [0, 5, '13003c'],
  [0, 4, null],
  [120, 4, null],
];

for (const [asked, version, told] of cases) {
  engineTest(
    `with a maximum of 60 s, ${asked} s of version ${version} is ${told === null ? 'taken' : 'answered with 60'}`,
    async (start) => {
      await using fixture = await start({ maxKeepAlive: 60 });
      const client = await fixture.client();
      const connack = await client.send(p.connect({ version, keepAlive: asked })).nextHex();
      assert.match(connack, /^20 0000/);
      assert.equal(connack.includes('13003c'), told !== null);
      client.destroy();
    },
    { exception: 'server-keep-alive' },
  );
}

engineTest(
  'the server is as good as its word',
  async (start) => {
    await using fixture = await start({ maxKeepAlive: 1 });
    const silent = await fixture.client({ version: 5, keepAlive: 0 });
    assert.match(await silent.nextHex(), /^e0 8d/);
    assert.equal(fixture.engine.counters.keepAliveTimeouts, 1);
  },
  { exception: 'server-keep-alive' },
);
