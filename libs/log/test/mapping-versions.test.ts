import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buckets, type MappingRecord } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { MappingVersions, openBucket } from '../src/mod.ts';
import { startLog, type LogFixture } from './log-fixture.ts';

const record = (version: number): MappingRecord => ({
  version,
  text: `version: ${version}`,
  source: 'test.yaml',
  appliedBy: 'test',
  comment: '',
  appliedAtMs: 0,
});

const open = async (log: LogFixture): Promise<MappingVersions> =>
  new MappingVersions(await openBucket(log.js, buckets.config, { replicas: 1 }));

describe('mapping versions', () => {
  it('are stored once and never replaced', async () => {
    await using log = await startLog();
    const versions = await open(log);
    assert.equal(await versions.read(1), null);
    await versions.create(record(1));
    await assert.rejects(versions.create({ ...record(1), text: 'other' }), { code: 'conflict' });
    assert.deepEqual(await versions.read(1), record(1));
  });

  it('become active by compare-and-set: of two at once, one wins', async () => {
    await using log = await startLog();
    const versions = await open(log);
    const seen = await versions.active();
    assert.deepEqual(seen, { version: 0, revision: 0, rules: [], announced: [] });
    await versions.activate(1, seen);
    await assert.rejects(versions.activate(2, seen), { code: 'conflict' });
    assert.equal((await versions.active()).version, 1);
    await versions.activate(2, await versions.active());
    assert.equal((await versions.active()).version, 2);
  });

  it('bring their commit rules with them, and those of the next one are announced before', async () => {
    await using log = await startLog();
    const versions = await open(log);
    const ending = new AbortController();
    const seen: string[] = [];
    const numbers: number[] = [];
    const following = [
      versions.followActive(ending.signal, ({ version, rules, announced }) => {
        const filters = [rules, announced].map((list) => list.map(({ filter }) => filter).join());
        seen.push(`${version} ${filters.join(' ')}`);
      }),
      versions.follow(ending.signal, (version) => numbers.push(version)),
    ];
    await until(() => seen.length === 1);
    const a = { filter: 'a', cluster: 'main' };
    const b = { filter: 'b', cluster: 'main' };
    const first = await versions.announce([a], await versions.active());
    await versions.activate(1, first, [a]);
    const second = await versions.announce([b], await versions.active());
    assert.deepEqual(await versions.active(), second);
    await assert.rejects(versions.activate(3, first), { code: 'conflict' });
    await versions.activate(2, second, [b]);
    await until(() => seen.length === 5);
    assert.deepEqual(seen, ['0  ', '0  a', '1 a ', '1 a b', '2 b ']);
    assert.deepEqual(numbers, [0, 1, 2], 'who follows versions is not told of announcements');
    ending.abort();
    await Promise.all(following);
  });

  it('are followed from none on, through a restart of the server, until the signal ends it', async () => {
    await using log = await startLog();
    const versions = await open(log);
    const ending = new AbortController();
    const seen: number[] = [];
    const following = versions.follow(ending.signal, (version) => seen.push(version));
    await until(() => seen.length === 1);
    for (const version of [1, 2]) await versions.activate(version, await versions.active());
    await until(() => seen.length === 3);
    await log.server.kill();
    await log.server.start();
    await until(async () => versions.activate(3, await versions.active()).then(() => true));
    await until(() => seen.length === 4, { timeoutMs: 30_000 });
    assert.deepEqual(seen, [0, 1, 2, 3]);
    ending.abort();
    await following;
  });
});
