import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { WORKSPACE } from '@tributary/testing';
import { DevError } from '../src/errors.ts';
import { parseStartOptions, usage } from '../src/start-options.ts';

test('without options everything has its default', () => {
  assert.deepEqual(parseStartOptions([], '/somewhere'), {
    mapping: join(WORKSPACE, 'tools/dev/mapping.yaml'),
    data: join(WORKSPACE, '.tributary/data'),
    fresh: false,
    host: '127.0.0.1',
    portOffset: 0,
    ingress: 1,
  });
});

test('every option is taken, and file names begin where the user is', () => {
  const args = '--mapping m.yaml --data=d --fresh --host 10.1.2.3 --port-offset 1000 --ingress 3';
  assert.deepEqual(
    parseStartOptions(
      [...args.split(' '), '--nats', 'nats://n:4222', '--kafka', 'a:9092,b:9092'],
      '/home/me',
    ),
    {
      mapping: '/home/me/m.yaml',
      data: '/home/me/d',
      fresh: true,
      host: '10.1.2.3',
      portOffset: 1000,
      ingress: 3,
      nats: 'nats://n:4222',
      kafka: 'a:9092,b:9092',
    },
  );
});

test('a platform beside the first has its own data', () => {
  assert.equal(
    parseStartOptions(['--port-offset', '1000'], '/')?.data,
    join(WORKSPACE, '.tributary/data-1000'),
  );
});

test('help is not a start', () => {
  assert.equal(parseStartOptions(['--help'], '/'), undefined);
  for (const name of ['mapping', 'data', 'fresh', 'host', 'port-offset', 'ingress', 'nats', 'kafka']) {
    assert.ok(usage().includes(`--${name}`), name);
  }
});

const wrong: [args: string, problem: RegExp][] = [
  ['--portoffset 3', /^unknown option --portoffset\n\nnpm start/],
  ['extra', /^"extra" is not an option\n/],
  ['--mapping', /^--mapping needs a value\n/],
  ['--fresh=yes', /^--fresh takes no value\n/],
  ['--ingress 0', /^--ingress must be a whole number from 1 to 10, not 0\n/],
  ['--port-offset 1.5', /^--port-offset must be a whole number from 0 to 50000, not 1.5\n/],
  ['--nats localhost:4222', /^--nats must be a URL as nats:\/\/host:4222, not localhost:4222\n/],
  ['--kafka kafka', /^--kafka must be host:port\[,host:port], not kafka\n/],
  [
    '--host 0.0.0.0',
    /^--host 0.0.0.0 is no address that Kafka could tell its clients; give one of .*127\.0\.0\.1/,
  ],
  ['--ingress x --fresh=1', /^--fresh takes no value\n--ingress must be/],
];
for (const [args, problem] of wrong) {
  test(`${args} is refused with the list of options`, () => {
    assert.throws(
      () => parseStartOptions(args.split(' '), '/'),
      (error) => error instanceof DevError && error.code === 'usage' && problem.test(error.message),
    );
  });
}
