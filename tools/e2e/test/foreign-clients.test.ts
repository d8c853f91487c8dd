import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { skipWithout, uniqueName, until } from '@tributary/testing';
import { Platform } from '../src/platform.ts';

const run = promisify(execFile);
const topic = uniqueName('foreign');

const MAPPING = `
version: 1
clusters:
  main:
    brokers: ['\${env:KAFKA_BROKERS}']
    createTopics: { partitions: 3, replication: 1 }
routes:
  - name: rooms
    from: { mqtt: 'home/{room}/temperature' }
    when: payload.celsius > -40
    to:
      kafka: ${topic}
      key: \${room}
      headers: { unit: celsius }
`;

describe('with clients that a new user has at hand', () => {
  let platform: Platform;
  before(async () => {
    platform = await Platform.start({ ingress: 2, mapping: MAPPING });
  });
  after(() => platform[Symbol.asyncDispose]());

  const port = (node: number): string => new URL(platform.mqtt(node)).port;

  for (const version of ['mqttv31', 'mqttv311', 'mqttv5']) {
    const skip = skipWithout('mosquitto_pub');
    it(`mosquitto_pub reaches mosquitto_sub on another node, ${version}`, { skip }, async () => {
      const args = [
        '-h',
        '127.0.0.1',
        '-p',
        port(0),
        '-V',
        version,
        '-q',
        '2',
        '-t',
        `talk/${version}/#`,
        '-C',
        '3',
        '-v',
      ];
      const subscriber = spawn('mosquitto_sub', ['-i', `sub-${version}`, ...args]);
      let said = '';
      subscriber.stdout.on('data', (data: Buffer) => (said += data.toString()));
      const exit = new Promise((resolve) => subscriber.on('exit', resolve));
      // Subscribing has no sign that a script could wait for: publish until the first arrives.
      const publish = (text: string, qos: number) =>
        run('mosquitto_pub', [
          ...['-h', '127.0.0.1', '-p', port(1), '-V', version, '-i', `pub-${version}`],
          ...['-q', String(qos), '-t', `talk/${version}/x`, '-m', text],
        ]);
      await until(
        async () => {
          await publish('first', 1);
          await delay(100);
          return said.includes('first');
        },
        { timeoutMs: 20_000, what: 'the first message' },
      );
      for (let n = 0; n < 3; n++) await publish(`more ${n}`, n);
      assert.equal(await exit, 0);
      assert.match(said, new RegExp(`^talk/${version}/x first$`, 'm'));
    });
  }

  it(
    'a retained message is there for a late mosquitto_sub',
    { skip: skipWithout('mosquitto_sub') },
    async () => {
      const broker = (node: number): string[] => ['-h', '127.0.0.1', '-p', port(node)];
      await run('mosquitto_pub', [...broker(0), '-q', '1', '-r', '-t', 'state/door', '-m', 'open']);
      const { stdout } = await run('mosquitto_sub', [
        ...broker(1),
        '-q',
        '1',
        '-t',
        'state/+',
        '-C',
        '1',
        '-W',
        '10',
        '-v',
      ]);
      assert.equal(stdout.trim(), 'state/door open');
    },
  );

  it('a will is published when its client vanishes', { skip: skipWithout('mosquitto_sub') }, async () => {
    const will = [
      '--will-topic',
      'gone/device',
      '--will-payload',
      'lost',
      '--will-qos',
      '1',
      '--will-retain',
    ];
    const device = spawn('mosquitto_sub', ['-h', '127.0.0.1', '-p', port(0), '-t', 'nothing', ...will]);
    await delay(1_000);
    device.kill('SIGKILL');
    const { stdout } = await run('mosquitto_sub', [
      '-h',
      '127.0.0.1',
      '-p',
      port(1),
      '-t',
      'gone/#',
      '-C',
      '1',
      '-W',
      '15',
    ]);
    assert.equal(stdout.trim(), 'lost');
  });

  const skip = skipWithout('mosquitto_pub') || skipWithout('kcat');
  it('kcat sees what mosquitto_pub sent: key, headers and bytes', { skip }, async () => {
    for (const [room, celsius] of [
      ['kitchen', 21.5],
      ['cellar', -50],
      ['attic', 30],
    ] as const) {
      const payload = JSON.stringify({ celsius });
      await run('mosquitto_pub', [
        '-h',
        '127.0.0.1',
        '-p',
        port(0),
        '-q',
        '1',
        '-t',
        `home/${room}/temperature`,
        '-m',
        payload,
      ]);
    }
    const brokers = platform.brokers.join(',');
    let lines: string[] = [];
    await until(
      async () => {
        const args = ['-b', brokers, '-t', topic, '-C', '-e', '-q', '-f', '%k %s %h\\n'];
        const { stdout } = await run('kcat', args).catch(() => ({ stdout: '' }));
        lines = stdout.trim().split('\n').sort();
        return lines.length >= 2;
      },
      { timeoutMs: 30_000, what: 'two records in Kafka' },
    );
    assert.equal(lines.length, 2, 'the cellar is too cold to be true');
    assert.match(lines[0] ?? '', /^attic \{"celsius":30\} .*mqtt\.topic=home\/attic\/temperature/);
    assert.match(lines[1] ?? '', /^kitchen \{"celsius":21\.5\} .*unit=celsius/);
  });
});
