import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, run } from '@tributary/testing';
import type { Target } from '../target/target.ts';
import { A_MOMENT_MS, CHECKS, type Check, type ClientVersion, type DeviceClient } from './device-client.ts';

/** mosquitto_sub says when it is subscribed only in its debug output. */
const SUBSCRIBED = /^Subscribed \(mid: \d+\)/m;
const PATIENCE_MS = 10_000;

/** Without stdbuf it would keep what it prints until its buffer is full. */
function subscriber(args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn('stdbuf', ['-oL', 'mosquitto_sub', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
}

class Commands {
  readonly #common: readonly string[];
  readonly #version: ClientVersion;
  readonly prefix: string;

  constructor({ host, port }: Target, version: ClientVersion, prefix: string) {
    this.#version = version;
    this.prefix = prefix;
    const name = version === 5 ? 'mqttv5' : 'mqttv311';
    this.#common = ['-h', host, '-p', String(port), '-V', name];
  }

  async publish(topic: string, payload: string, qos: number, ...more: string[]): Promise<void> {
    await run('mosquitto_pub', [...this.#common, '-q', String(qos), '-t', topic, '-m', payload, ...more]);
  }

  /** Calls `meanwhile` when it is subscribed; what it then printed, line by line, up to `count` messages. */
  subscribe(
    topic: string,
    count: number,
    meanwhile: () => Promise<void>,
    ...more: string[]
  ): Promise<string[]> {
    const args = [
      ...this.#common,
      '-d',
      '-q',
      '2',
      '-t',
      topic,
      '-C',
      String(count),
      '-F',
      '>%q %r %l %p',
      ...more,
    ];
    return new Promise((resolve, reject) => {
      const child = subscriber(args);
      let text = '';
      let told = false;
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      child.stdout.setEncoding('utf8').on('data', (data: string) => {
        text += data;
        if (told || !SUBSCRIBED.test(text)) return;
        told = true;
        meanwhile().catch(reject);
      });
      child.once('error', reject);
      child.once('close', () => {
        clearTimeout(timer);
        resolve(text.split('\n').filter((line) => line.startsWith('>')));
      });
    });
  }

  async leaveSession(topic: string, id: string): Promise<void> {
    await run('mosquitto_sub', [...this.#common, ...this.#kept(id), '-E', '-q', '1', '-t', topic]);
  }

  takeUp(topic: string, id: string, count: number): Promise<string[]> {
    return this.subscribe(topic, count, () => Promise.resolve(), ...this.#kept(id));
  }

  /** Killed as soon as it is subscribed. */
  async die(topic: string, willTopic: string): Promise<void> {
    const will = ['--will-topic', willTopic, '--will-payload', 'gone', '--will-qos', '1'];
    const args = [...this.#common, '-d', '-t', topic, ...will];
    const child = subscriber(args);
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (data: string) => {
        if (SUBSCRIBED.test(data)) resolve();
      });
      child.once('close', () => resolve());
      void delay(PATIENCE_MS, undefined, { ref: false }).then(resolve);
    });
    child.kill('SIGKILL');
  }

  #kept(id: string): string[] {
    return ['-i', `${this.prefix}${id}`, '-c', ...(this.#version === 5 ? ['-x', '60'] : [])];
  }
}

async function check(name: Check, commands: Commands): Promise<string | null> {
  const topic = `${commands.prefix}/${name.replaceAll(' ', '')}`;
  const expect = (lines: readonly string[], ...wanted: string[]): string | null =>
    lines.join() === wanted.join() ? null : `it printed ${lines.join() || 'nothing'}, not ${wanted.join()}`;
  switch (name) {
    case 'QoS 0':
    case 'QoS 1':
    case 'QoS 2': {
      const qos = Number(name.at(-1));
      const lines = await commands.subscribe(topic, 1, () => commands.publish(topic, 'hello', qos));
      return expect(lines, `>${qos} 0 5 hello`);
    }
    case 'retained': {
      await commands.publish(topic, 'kept', 1, '-r');
      await delay(A_MOMENT_MS);
      const lines = await commands.subscribe(topic, 1, () => Promise.resolve());
      return expect(lines, '>1 1 4 kept');
    }
    case 'large payload': {
      // As long as an argument of a command may be.
      const payload = 'x'.repeat(100_000);
      const lines = await commands.subscribe(topic, 1, () => commands.publish(topic, payload, 2));
      return expect(lines, `>2 0 100000 ${payload}`) === null ? null : 'another payload';
    }
    case 'will': {
      const lines = await commands.subscribe(topic, 1, () => commands.die(`${topic}/other`, topic));
      return expect(lines, '>1 0 4 gone');
    }
    case 'session': {
      await commands.leaveSession(topic, 'session');
      for (let n = 0; n < 3; n++) await commands.publish(topic, `${n}`, 1);
      return expect(await commands.takeUp(topic, 'session', 3), '>1 0 1 0', '>1 0 1 1', '>1 0 1 2');
    }
  }
}

export const mosquittoClients: DeviceClient = {
  name: 'mosquitto_pub/sub',
  prepare: () => {
    const missing = ['mosquitto_pub', 'mosquitto_sub', 'stdbuf'].filter(
      (name) => findProgram(name) === undefined,
    );
    return Promise.resolve(missing.length === 0 ? null : `no ${missing.join(' and ')}`);
  },
  run: async (target, version, prefix) => {
    const commands = new Commands(target, version, prefix);
    const outcomes = new Map<Check, string | null>();
    for (const name of CHECKS) {
      const problem = await check(name, commands).catch((error: unknown) => String(error));
      outcomes.set(name, problem);
    }
    return outcomes;
  },
};
