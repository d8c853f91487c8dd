import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { alive, portIsFree, TemporaryFolder, until, WORKSPACE } from '@tributary/testing';
import kafkajs from 'kafkajs';
import { connectAsync } from 'mqtt';
import { freeOffset, StartedPlatform } from './started-platform.ts';

const MAPPING = join(WORKSPACE, 'tools/dev/mapping.yaml');
const TOPIC = 'mqtt.messages';

async function publish(url: string, text: string): Promise<void> {
  const device = await connectAsync(url);
  await device.publishAsync('home/kitchen', text, { qos: 1 });
  await device.endAsync();
}

/** Values in the topic, read from its beginning until there are `count`. */
async function records(brokers: string[], count: number): Promise<string[]> {
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `start-test-${Math.random()}` });
  const values: string[] = [];
  await consumer.connect();
  await until(() => consumer.subscribe({ topic: TOPIC, fromBeginning: true }).then(() => true), {
    timeoutMs: 30_000,
  });
  await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) });
  await until(() => values.length >= count, { what: `${count} records arrive`, timeoutMs: 30_000 });
  await consumer.disconnect();
  return values;
}

test('a platform from start to stop', { timeout: 600_000 }, async (t) => {
  using folder = new TemporaryFolder('start-test');
  using mappings = new TemporaryFolder('start-test-mapping');
  const mapping = join(mappings.path, 'mapping.yaml');
  copyFileSync(MAPPING, mapping);
  const offset = await freeOffset();
  const args = ['--mapping', mapping, '--port-offset', String(offset), '--ingress', '2'];
  await using platform = new StartedPlatform(folder, args);
  await platform.ready();
  const { run } = platform;

  await t.test('the screen says where everything is', () => {
    for (const place of [
      run.mqtt,
      run.websocket,
      run.kafka[0] ?? '',
      run.nats,
      'mosquitto_pub',
      'kcat',
      '/readyz',
    ]) {
      assert.ok(platform.screen.includes(place), place);
    }
    assert.equal(run.mqtt, `mqtt://127.0.0.1:${1883 + offset}`);
    assert.equal(run.mqttNodes.length, 2);
    assert.ok(run.processes.every(({ pid }) => alive(pid)));
  });

  await t.test('what a device publishes on any node arrives in Kafka', async () => {
    for (const [i, url] of [...run.mqttNodes, ...run.websocketNodes].entries())
      await publish(url, `message ${i}`);
    assert.deepEqual((await records(run.kafka, 4)).sort(), [
      'message 0',
      'message 1',
      'message 2',
      'message 3',
    ]);
  });

  await t.test('a mapping with a mistake shows its findings and changes nothing', async () => {
    writeFileSync(
      mapping,
      readFileSync(MAPPING, 'utf8').replace('kafka: mqtt.messages', 'kafak: mqtt.messages'),
    );
    await platform.says('version 1 stays in effect until the file is corrected');
    assert.match(platform.screen, /mapping\.yaml:\d+:\d+ error \[[a-z-]+] in routes\[0]\.to.*\n {4}.*kafak/);
    assert.equal(platform.run.mapping.version, 1);
  });

  await t.test('a corrected mapping takes effect', async () => {
    writeFileSync(mapping, readFileSync(MAPPING, 'utf8').replace('name: everything', 'name: all'));
    await platform.says(/mapping \S+ is in effect as version 2/);
    await until(() => platform.run.mapping.version === 2);
  });

  await t.test('a second start on the same data is refused', async () => {
    await using second = new StartedPlatform(folder, ['--port-offset', String(await freeOffset())]);
    assert.equal(await second.exited(), 1);
    assert.match(second.screen, /a platform with this data is running already: process \d+/);
  });

  await t.test('a second start on the same ports is refused', async () => {
    using other = new TemporaryFolder('start-test-other');
    await using second = new StartedPlatform(other, ['--port-offset', String(offset)]);
    assert.equal(await second.exited(), 1);
    assert.match(
      second.screen,
      /These ports are taken by other processes:\n[^]* MQTT of mqtt-ingress\n[^]*--port-offset/,
    );
  });

  for (const name of ['topic-mapper', 'nats-server', 'kafka']) {
    await t.test(`${name} is started again after it was killed`, async () => {
      const pid = platform.pidOf(name);
      process.kill(pid, 'SIGKILL');
      await platform.says(new RegExp(`${name} ended \\(SIGKILL\\), starting it again[^]*${name} runs again`));
      await until(() => platform.pidOf(name) !== pid, { what: 'run.json names the new process' });
    });
  }

  await t.test('nothing that was acknowledged was lost on the way', async () => {
    await until(() => publish(run.mqtt, 'after all that').then(() => true), {
      timeoutMs: 60_000,
      intervalMs: 500,
    });
    assert.ok((await records(run.kafka, 5)).includes('after all that'));
  });

  await t.test('Ctrl-C stops all it started', async () => {
    const { processes } = platform.run;
    assert.equal(await platform.interrupt(), 0);
    assert.match(platform.screen, /\nstopping .*\nstopped\n$/);
    assert.deepEqual(
      processes.filter(({ pid }) => alive(pid)),
      [],
    );
    assert.equal(existsSync(join(folder.path, 'run.json')), false);
    assert.equal(await portIsFree(1883 + offset), true);
  });

  await t.test('a second start goes on with what was there, a fresh one begins anew', async () => {
    {
      await using again = new StartedPlatform(folder, args);
      await again.ready();
      assert.match(again.screen, /is in effect as version 2 \(unchanged\)/);
      assert.ok((await records(again.run.kafka, 5)).includes('message 0'));
      // The death of the supervisor takes everything with it.
      const { processes } = again.run;
      again.process.kill('SIGKILL');
      await until(() => !processes.some(({ pid }) => alive(pid)), { what: 'everything has ended' });
    }
    await using fresh = new StartedPlatform(folder, [...args, '--fresh']);
    await fresh.ready();
    assert.match(fresh.screen, /is in effect as version 1/);
    await publish(fresh.run.mqtt, 'anew');
    assert.deepEqual(await records(fresh.run.kafka, 1), ['anew']);
    assert.equal(await fresh.interrupt(), 0);
  });
});
