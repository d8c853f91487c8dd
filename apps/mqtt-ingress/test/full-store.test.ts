import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@tributary/testing';
import { Platform } from './platform.ts';
import { account, SteadyDevice } from './steady-device.ts';

const MIB = 1024 * 1024;

/** A small file system of its own; null where this process may not mount one. */
class SmallDisk implements Disposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static mount(bytes: number): SmallDisk | null {
    const path = mkdtempSync(join(tmpdir(), 'small-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'ignore' });
      return new SmallDisk(path);
    } catch {
      rmdirSync(path);
      return null;
    }
  }

  grow(bytes: number): void {
    execFileSync('mount', ['-o', `remount,size=${bytes}`, this.path]);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.path]);
    rmdirSync(this.path);
  }
}

describe('the store of NATS', () => {
  it('on a disk that is full: nothing is acknowledged, health says what to do, all flows after a restart', async (t) => {
    using disk = SmallDisk.mount(24 * MIB);
    if (disk === null) return t.skip('this process may not mount a tmpfs');
    await using platform = await Platform.start({
      // More than the disk has: by itself nats-server takes three quarters of it.
      nats: { dataFolder: disk.path, maxStore: 4096 * MIB },
      partitions: 1,
    });
    const node = await platform.node({ 'lease.ttlMs': 60_000, 'log.giveUpMs': 8_000 });
    using devices = new DisposableStack();
    const fleet = Array.from({ length: 4 }, (_, n) =>
      devices.use(new SteadyDevice(`disk-${n}`, () => [node], { payloadBytes: 50_000 })),
    );
    const acknowledged = (): number => fleet.reduce((sum, device) => sum + device.acknowledged.length, 0);
    const said = await until(
      async () => {
        const response = await node.get('/readyz');
        const text = await response.text();
        return response.status === 503 && text.includes('docs/outages.md') && text;
      },
      { timeoutMs: 60_000, what: 'health says that nothing is stored' },
    );
    const full = acknowledged();
    await delay(1_000);
    assert.equal(acknowledged(), full, 'nobody is acknowledged while the disk is full');
    assert.match(said, /restart nats-server/);
    disk.grow(256 * MIB);
    await delay(4_000);
    assert.equal(
      acknowledged(),
      full,
      'nats-server goes on refusing when there is room: else say so in the docs',
    );
    await platform.server.restart('kill');
    await until(() => acknowledged() > full + 100, { timeoutMs: 30_000, what: 'all flows again' });
    await Promise.all(fleet.map((device) => device.finish()));
    const result = account(fleet, await platform.rows());
    console.log(`disk full at ${full} messages of 50 kB: ${JSON.stringify(result)}`);
    assert.deepEqual([result.lost, result.reordered], [0, 0]);
    assert.equal((await node.get('/readyz')).status, 200);
  });

  it('that is slow makes devices wait and loses nothing', async () => {
    await using platform = await Platform.start({ partitions: 1 });
    const node = await platform.node({ 'lease.ttlMs': 60_000 });
    using device = new SteadyDevice('slow', () => [node]);
    await until(() => device.acknowledged.length > 100);
    const before = device.acknowledged.length;
    for (let round = 0; round < 8; round++) {
      platform.server.pause();
      await delay(400);
      platform.server.resume();
      await delay(50);
    }
    const during = device.acknowledged.length - before;
    await device.finish();
    const result = account([device], await platform.rows());
    console.log(`slow store: ${during} acknowledged in 3.6 s: ${JSON.stringify(result)}`);
    assert.ok(during > 0, 'it goes on');
    assert.equal(device.connections, 1, 'nobody is sent away');
    assert.deepEqual([result.lost, result.repeated, result.reordered], [0, 0, 0]);
  });

  it('that cannot hold the streams as they are configured is told of at start', async () => {
    await using platform = await Platform.start({ nats: { maxStore: 8 * MIB }, partitions: 2 });
    await assert.rejects(platform.node({ 'log.maxBytes': 16 * MIB }), /max_file_store/);
  });
});
