import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectRates } from '../../src/limits/connect-rates.ts';

test('an address over its rate takes nothing from the others', () => {
  const rates = new ConnectRates({ connectsPerSecond: 4, connectsPerSecondPerAddress: 2 });
  const asked = [
    '10.0.0.1:1',
    '10.0.0.1:2',
    '10.0.0.1:3',
    '10.0.0.1:4',
    '10.0.0.2:1',
    '10.0.0.3:1',
    '10.0.0.4:1',
  ];
  assert.deepEqual(
    asked.map((address) => rates.excess(address)),
    [
      null,
      null,
      'connects-per-second-per-address',
      'connects-per-second-per-address',
      null,
      null,
      'connects-per-second',
    ],
  );
});

test('no more addresses are remembered than 10,000: the quietest is forgotten', () => {
  const rates = new ConnectRates({ connectsPerSecond: 0, connectsPerSecondPerAddress: 1 });
  const addresses = Array.from({ length: 10_000 }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:1`);
  const [first = '', second = ''] = addresses;
  for (const address of addresses) assert.equal(rates.excess(address), null);
  assert.notEqual(rates.excess(first), null, 'still known, and heard of last');
  assert.equal(rates.excess('192.168.0.1:1'), null);
  assert.equal(rates.excess(second), null, 'forgotten');
  assert.notEqual(rates.excess(first), null);
});

test('0 is any rate', () => {
  const rates = new ConnectRates({ connectsPerSecond: 0, connectsPerSecondPerAddress: 0 });
  for (let n = 0; n < 10_000; n++) assert.equal(rates.excess('10.0.0.1:1'), null);
});
