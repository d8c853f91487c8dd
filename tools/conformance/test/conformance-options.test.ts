import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConformanceOptions } from '../src/conformance-options.ts';

test('without options: what needs no checkout, against both engines', () => {
  assert.deepEqual(parseConformanceOptions([], {}), {
    suites: ['statements', 'clients'],
    targets: ['native', 'aedes'],
    checkouts: {},
    write: false,
    json: false,
  });
});

test('checkouts come from the environment, or for one suite from the command line', () => {
  const env = { TRIBUTARY_PAHO_TESTING: '/a', TRIBUTARY_MQTT5_CONFORMANCE: '' };
  assert.deepEqual(parseConformanceOptions([], env)?.suites, ['statements', 'clients', 'paho']);
  const args = [
    '--suite',
    'mqtt5-conformance',
    '--checkout',
    '/b',
    '--engine',
    'native',
    '--against',
    'mosquitto',
  ];
  const options = parseConformanceOptions(args, env);
  assert.deepEqual(options?.checkouts, { paho: '/a', 'mqtt5-conformance': '/b' });
  assert.deepEqual(options?.targets, ['native', 'mosquitto']);
});

for (const args of [
  ['--suite', 'paho'],
  ['--suite', 'statements', '--checkout', '/a'],
  ['--checkout', '/a'],
  ['--suite', 'nothing'],
  ['--engine', 'emqx'],
  ['--against', 'emqx'],
  ['--unknown'],
]) {
  test(`refused: ${args.join(' ')}`, () => {
    assert.throws(() => parseConformanceOptions(args, {}), { code: 'usage' });
  });
}

test('--help asks for nothing else', () => {
  assert.equal(parseConformanceOptions(['--help'], {}), undefined);
});
