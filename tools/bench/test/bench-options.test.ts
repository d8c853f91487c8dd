import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePipelineOptions, usage } from '../src/bench-options.ts';
import { BenchError } from '../src/errors.ts';

test('has defaults for everything', () => {
  assert.deepEqual(parsePipelineOptions(['pipeline']), {
    seconds: 30,
    warmup: 10,
    clients: 1_000,
    qos: 1,
    payload: 256,
    window: 1,
    rate: null,
    producer: 'kafkajs',
    runs: 1,
    partitions: 8,
    topics: 1,
    profile: [],
    set: [],
    json: false,
  });
});

test('takes every option', () => {
  const line =
    'pipeline --seconds 60 --warmup 0 --clients 20 --qos 2 --payload 1024 --window 20 --rate 5000 --producer platformatic ' +
    '--runs 3 --partitions 4 --topics 9 --profile mqtt-ingress --profile load --set kafka-egress:egress.lingerMs=5 --json';
  assert.deepEqual(parsePipelineOptions(line.split(' ')), {
    seconds: 60,
    warmup: 0,
    clients: 20,
    qos: 2,
    payload: 1_024,
    window: 20,
    rate: 5_000,
    producer: 'platformatic',
    runs: 3,
    partitions: 4,
    topics: 9,
    profile: ['mqtt-ingress', 'load'],
    set: [{ service: 'kafka-egress', key: 'egress.lingerMs', value: '5' }],
    json: true,
  });
  assert.equal(parsePipelineOptions(['pipeline', '--rate', 'max'])?.rate, null);
});

test('only shows help where that is wanted', () => {
  assert.equal(parsePipelineOptions(['--help']), undefined);
  assert.equal(parsePipelineOptions(['pipeline', '--help']), undefined);
  for (const name of ['--seconds', '--producer', '--profile', '--json'])
    assert.match(usage(), new RegExp(name));
});

const refused: [line: string, problem: RegExp][] = [
  ['', /say what to measure: pipeline/],
  ['fanout', /pipeline, not fanout/],
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
  ['pipeline --json=yes', /--json takes no value/],
];

for (const [line, problem] of refused) {
  test(`refuses "${line}"`, () => {
    assert.throws(
      () => parsePipelineOptions(line.split(' ').filter(Boolean)),
      (error) => error instanceof BenchError && error.code === 'usage' && problem.test(error.message),
    );
  });
}

test('names all problems at once', () => {
  assert.throws(() => parsePipelineOptions(['pipeline', '--qos', '7', '--window', 'x', '--nope']), {
    message: /unknown option --nope\n.*--qos must.*\n.*--window must/s,
  });
});
