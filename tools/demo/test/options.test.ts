import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DemoError } from '../src/errors.ts';
import { parseDemoOptions } from '../src/options.ts';

const parse = (...args: string[]) => parseDemoOptions(args, '/home/me');

test('nothing given means the recording of the repository, QoS 1, and the platform of npm start', () => {
  const options = parse();
  assert.ok(options);
  assert.match(options.file, /tools\/demo\/data\/hsl-hfp\.jsonl\.gz$/);
  assert.deepEqual(
    { ...options, file: '' },
    { file: '', qos: 1, keepGoing: false, where: { portOffset: 0 } },
  );
});

test('every option is understood, and files begin where the user is', () => {
  assert.deepEqual(parse('--file', 'x.jsonl', '--speed=2.5', '--copies', '3', '--qos', '0', '--keep-going'), {
    file: '/home/me/x.jsonl',
    speed: 2.5,
    copies: 3,
    qos: 0,
    keepGoing: true,
    where: { portOffset: 0 },
  });
  assert.deepEqual(parse('--data', 'd', '--port-offset', '1000')?.where, {
    data: '/home/me/d',
    portOffset: 1000,
  });
  assert.deepEqual(parse('--run', '/r/run.json')?.where, { run: '/r/run.json', portOffset: 0 });
  assert.equal(parse('--help'), undefined);
});

const wrong: [args: string[], problem: RegExp][] = [
  [['--sped', '3'], /unknown option --sped/],
  [['-x'], /unknown option -x/],
  [['fast'], /"fast" is not an option/],
  [['--speed'], /--speed needs a value/],
  [['--speed', '0'], /--speed must be a number from 0\.1/],
  [['--copies', '1.5'], /--copies must be a whole number/],
  [['--qos', '3'], /--qos must be a whole number from 0 to 2, not 3/],
  [['--keep-going=yes'], /--keep-going takes no value/],
  [['--run', 'a', '--data', 'b'], /--run names the platform alone/],
];
for (const [args, problem] of wrong) {
  test(`"${args.join(' ')}" is refused with the list of options`, () => {
    assert.throws(
      () => parse(...args),
      (error) => {
        assert.ok(error instanceof DemoError && error.code === 'usage');
        assert.match(error.message, problem);
        assert.match(error.message, /--copies N/);
        return true;
      },
    );
  });
}

test('all problems are named at once', () => {
  assert.throws(() => parse('--qos', '7', '--nope', '--speed', 'x'), /--nope[\s\S]*--speed[\s\S]*--qos/);
});
