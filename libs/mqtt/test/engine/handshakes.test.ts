import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Handshakes } from '../../src/engine/handshakes.ts';
import { limitCounters } from '../../src/engine/limit-counters.ts';
import { networkOf } from '../../src/engine/network-of.ts';

test('the oldest gives way, first of its own address', () => {
  const counters = limitCounters();
  const handshakes = new Handshakes({ maxUnfinished: 4, maxUnfinishedPerAddress: 2 }, counters);
  const gone: string[] = [];
  const begin = (remote: string) => handshakes.begin(remote, () => gone.push(remote));
  begin('10.0.0.1:1');
  begin('10.0.0.2:1');
  begin('10.0.0.2:2');
  begin('10.0.0.2:3');
  assert.deepEqual(gone, ['10.0.0.2:1'], 'not that of another address, though it is older');
  const last = begin('10.0.0.3:1');
  begin('10.0.0.4:1');
  assert.deepEqual(gone.slice(1), ['10.0.0.1:1'], 'the oldest of all');
  assert.equal(handshakes.size, 4);
  assert.deepEqual([counters.unfinished, counters['unfinished-per-address']], [1, 1]);
  handshakes.end(last);
  handshakes.end(last);
  assert.equal(handshakes.size, 3);
});

for (const [remote, network] of [
  ['127.0.0.1:5', '127.0.0.1'],
  ['::ffff:10.1.2.3:99', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6:1883', '2001:db8:1:2'],
  ['2001:db8::7:1', '2001:db8:0:0'],
  ['fe80::1:2:3:4:1883', 'fe80:0:0:0'],
  ['::1:1883', '0:0:0:0'],
] as const) {
  test(`${remote} shares its limits with ${network}`, () => assert.equal(networkOf(remote), network));
}
