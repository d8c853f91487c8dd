import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until, WORKSPACE } from '@tributary/testing';
import { ControlClient } from '../src/platform/control-client.ts';
import { Platform } from './platform.ts';

const MAPPING = `version: 1
clusters: { main: { brokers: ['\${env:KAFKA_BROKERS}'] } }
routes: []
`;

/** The demo as a user runs it. */
class Demo {
  readonly #process;
  #printed = '';

  constructor(...args: string[]) {
    const main = join(WORKSPACE, 'tools', 'demo', 'src', 'main.ts');
    this.#process = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.on('data', (chunk: Buffer) => (this.#printed += chunk.toString('utf8')));
  }

  get printed(): string {
    return this.#printed;
  }

  interrupt(): void {
    this.#process.kill('SIGINT');
  }

  async exitCode(): Promise<number | null> {
    if (this.#process.exitCode === null) await once(this.#process, 'close');
    return this.#process.exitCode;
  }
}

function inKafka(printed: string): number {
  const count = [...printed.matchAll(/in Kafka ([\d,]+)/g)].at(-1)?.[1] ?? '0';
  return Number(count.replaceAll(',', ''));
}

describe('npm run demo', { timeout: 120_000 }, () => {
  let platform: Platform;
  before(async () => {
    platform = await Platform.start();
    using control = new ControlClient(platform.control);
    await control.reachable();
    const own = { text: MAPPING, source: 'own.yaml', author: 'a test', comment: '', expectedVersion: 0 };
    assert.equal((await control.apply(own)).applied, true);
  });
  after(() => platform[Symbol.asyncDispose]());

  it('replays everything, finds it in Kafka, and puts the mapping back', async () => {
    const demo = new Demo('--run', platform.runFile, '--copies', '2', '--speed', '400');
    assert.equal(await demo.exitCode(), 0, demo.printed);
    assert.match(demo.printed, /© HSL/);
    assert.match(demo.printed, /renumbered/);
    assert.match(demo.printed, /14 connections, 3,970 messages, QoS 1/);
    assert.match(
      demo.printed,
      /done {2}connections 14 {2}published 3,970 {2}acknowledged 3,970 {2}in the log 3,970 {2}in Kafka 3,970/,
    );
    assert.match(demo.printed, /Verdict: GOOD\n {2}yes {2}all 3,970 acknowledged messages are in Kafka/);
    assert.match(demo.printed, /in order within each of 14 keys/);
    assert.match(demo.printed, /own\.yaml is there again, as version 3/);
    using control = new ControlClient(platform.control);
    assert.equal((await control.active())?.text, MAPPING);
  });

  it('counts what a killed kafka-egress delivers again, and finds everything there in order', async () => {
    const demo = new Demo('--run', platform.runFile, '--copies', '4', '--speed', '200');
    for (const share of [1_000, 2_000, 3_000]) {
      await until(() => inKafka(demo.printed) > share, { timeoutMs: 60_000, what: 'records arrive' });
      await platform.killEgress();
    }
    assert.equal(await demo.exitCode(), 0, demo.printed);
    assert.match(demo.printed, /Verdict: GOOD\n {2}yes {2}all 7,940 acknowledged messages are in Kafka/);
    const again = /after a restart of kafka-egress: (\d+) record/.exec(demo.printed)?.[1] ?? '0';
    console.log(`${again} records delivered again after three kills`);
  });

  it('ends early with a verdict over what was sent, and is alone meanwhile', async () => {
    const demo = new Demo('--run', platform.runFile, '--copies', '3', '--speed', '20', '--keep-going');
    await until(() => /replaying .* published [1-9]/.test(demo.printed), { timeoutMs: 30_000 });
    const second = new Demo('--run', platform.runFile);
    assert.equal(await second.exitCode(), 1);
    assert.match(second.printed, /another demo runs on this platform/);
    demo.interrupt();
    assert.equal(await demo.exitCode(), 0, demo.printed);
    assert.match(demo.printed, /Ending early/);
    assert.match(demo.printed, /Verdict: GOOD/);
    assert.match(demo.printed, /own\.yaml is there again/);
  });

  it('says what is wrong with a recording or a platform', async () => {
    const badFile = new Demo('--run', platform.runFile, '--file', join(WORKSPACE, 'LICENSE'));
    const noPlatform = new Demo('--run', join(WORKSPACE, 'none', 'run.json'));
    assert.deepEqual([await badFile.exitCode(), await noPlatform.exitCode()], [1, 1]);
    assert.match(badFile.printed, /LICENSE:\d+: not JSON/);
    assert.match(noPlatform.printed, /describes no platform that runs; start one with npm start/);
  });
});
