import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFaultOptions } from '../src/fault-options.ts';

test('without options all rows run with the default seed', () => {
  assert.deepEqual(parseFaultOptions([]), { seed: 1, only: [], devices: 300, list: false, json: false });
});

test('options are read', () => {
  const options = parseFaultOptions(['--seed', '42', '--only', 'kill-nats', '--only', 'freeze-*', '--json']);
  assert.deepEqual(options, {
    seed: 42,
    only: ['kill-nats', 'freeze-*'],
    devices: 300,
    list: false,
    json: true,
  });
  assert.equal(parseFaultOptions(['--help']), undefined);
});

for (const args of [['--seed', '-1'], ['--seed', 'x'], ['--devices', '1'], ['--what'], ['kill-nats']]) {
  test(`${args.join(' ')} is refused with the list of options`, () => {
    assert.throws(() => parseFaultOptions(args), { code: 'usage', message: /npm run faults -- \[options\]/ });
  });
}
