import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchCommand, usage } from '../src/bench-options.ts';
import { BenchError } from '../src/errors.ts';

test('has defaults for everything', () => {
  assert.deepEqual(parseBenchCommand(['pipeline'])?.options, {
    seconds: 30,
    warmup: 10,
    clients: 1_000,
    qos: 1,
    payload: 256,
    window: 1,
    rate: null,
    producer: 'kafkajs',
    engines: ['default'],
    runs: 1,
    partitions: 8,
    topics: 1,
    profile: [],
    set: [],
    node: [],
    json: false,
  });
  assert.deepEqual(parseBenchCommand(['connections']), {
    name: 'connections',
    options: {
      clients: 15_000,
      atOnce: 1_000,
      protocol: 'mixed',
      keepAlive: 60,
      seconds: 10,
      engines: ['aedes', 'native'],
      runs: 1,
      set: [],
      node: [],
      json: false,
    },
  });
});

test('takes every option', () => {
  const line =
    'pipeline --seconds 60 --warmup 0 --clients 20 --qos 2 --payload 1024 --window 20 --rate 5000 --producer platformatic ' +
    '--engine both --runs 3 --partitions 4 --topics 9 --profile mqtt-ingress --profile load --set kafka-egress:egress.lingerMs=5 --json';
  assert.deepEqual(parseBenchCommand(line.split(' '))?.options, {
    seconds: 60,
    warmup: 0,
    clients: 20,
    qos: 2,
    payload: 1_024,
    window: 20,
    rate: 5_000,
    producer: 'platformatic',
    engines: ['aedes', 'native'],
    runs: 3,
    partitions: 4,
    topics: 9,
    profile: ['mqtt-ingress', 'load'],
    set: [{ service: 'kafka-egress', key: 'egress.lingerMs', value: '5' }],
    node: [],
    json: true,
  });
  const fastest = parseBenchCommand(['pipeline', '--rate', 'max']);
  assert.equal(fastest?.name === 'pipeline' && fastest.options.rate, null);
  const connections =
    'connections --clients 300 --at-once 20 --protocol 5 --keep-alive 30 --seconds 4 --engine native --runs 5 ' +
    '--set mqtt-ingress:connect.concurrency=64 --node mqtt-ingress:--max-semi-space-size=16 --json';
  assert.deepEqual(parseBenchCommand(connections.split(' '))?.options, {
    clients: 300,
    atOnce: 20,
    protocol: '5',
    keepAlive: 30,
    seconds: 4,
    engines: ['native'],
    runs: 5,
    set: [{ service: 'mqtt-ingress', key: 'connect.concurrency', value: '64' }],
    node: [{ service: 'mqtt-ingress', flag: '--max-semi-space-size=16' }],
    json: true,
  });
});

test('only shows help where that is wanted', () => {
  assert.equal(parseBenchCommand(['--help']), undefined);
  assert.equal(parseBenchCommand(['pipeline', '--help']), undefined);
  assert.equal(parseBenchCommand(['connections', '--help']), undefined);
  for (const name of ['--seconds', '--producer', '--profile', '--at-once', '--engine', '--json'])
    assert.match(usage(), new RegExp(name));
});

const refused: [line: string, problem: RegExp][] = [
  ['', /say what to measure: pipeline or connections\n/],
  ['fanout', /connections, not fanout/],
  ['pipeline now', /"now" is not an option/],
  ['pipeline --second 3', /unknown option --second\n/],
  ['pipeline -x', /unknown option -x/],
  ['pipeline --seconds', /--seconds needs a value/],
  ['pipeline --seconds=', /--seconds needs a value/],
  ['pipeline --seconds 1.5', /--seconds must be a whole number from 1 to 86400, not 1.5/],
  ['pipeline --seconds 0', /--seconds must be/],
  ['pipeline --payload 8', /--payload must be a whole number from 24 /],
  ['pipeline --qos 3', /--qos must be one of 0, 1, 2, not 3/],
  ['pipeline --rate fast', /--rate must be a whole number/],
  ['pipeline --producer confluent', /--producer must be one of kafkajs, platformatic, not confluent/],
  ['pipeline --profile kafka', /--profile must be one of mqtt-ingress, .*consumer, not kafka/],
  ['pipeline --set log.lingerMs=3', /--set must be SERVICE:KEY=VALUE, not log.lingerMs=3/],
  ['pipeline --set nats:log.lingerMs=3', /--set must be one of mqtt-ingress, /],
  ['pipeline --node mqtt-ingress:x', /--node must be SERVICE:FLAG, not mqtt-ingress:x/],
  ['pipeline --node nats:--x', /--node must be one of mqtt-ingress, /],
  ['pipeline --json=yes', /--json takes no value/],
  ['pipeline --engine mosquitto', /--engine must be one of aedes, native, both, not mosquitto/],
  ['pipeline --at-once 3', /unknown option --at-once/],
  ['connections --window 3', /unknown option --window/],
  ['connections --clients 100000', /--clients must be a whole number from 1 to \d+, not 100000/],
  ['connections --clients 10 --at-once 11', /--at-once must be a whole number from 1 to 10, not 11/],
  ['connections --protocol 4', /--protocol must be one of 3.1.1, 5, mixed, not 4/],
];

for (const [line, problem] of refused) {
  test(`refuses "${line}"`, () => {
    assert.throws(
      () => parseBenchCommand(line.split(' ').filter(Boolean)),
      (error) => error instanceof BenchError && error.code === 'usage' && problem.test(error.message),
    );
  });
}

test('names all problems at once', () => {
  assert.throws(() => parseBenchCommand(['pipeline', '--qos', '7', '--window', 'x', '--nope']), {
    message: /unknown option --nope\n.*--qos must.*\n.*--window must/s,
  });
});
