import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@tributary/testing';
import { mappingText, publish, startFixture } from './mapper-fixture.ts';
import { assertUnbroken, covered, readOut } from './out-reading.ts';

describe('progress without records', () => {
  it('is an empty message, at least every second and not more often', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper();
    const began = performance.now();
    let count = 0;
    while (performance.now() - began < 5_200) {
      fixture.appender.append(0, publish(count++, { topic: 'elsewhere' }), null);
      await sleep(20);
    }
    const seconds = (performance.now() - began) / 1_000;
    await fixture.appender.flush();
    await covered(fixture);
    const messages = await readOut(fixture, 0);
    assertUnbroken(messages, 1);
    assert.ok(messages.every(({ bytes, position }) => bytes === 0 && position.parts === 1));
    const times = messages.map(({ storedAtMs }) => storedAtMs);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    console.log(
      `${count} envelopes without records: ${messages.length} progress messages, ${gaps.join(', ')} ms apart`,
    );
    assert.ok(messages.length <= seconds + 2, 'not more often than every second');
    assert.ok(messages.length >= seconds / 2, 'about every second even on a busy machine');
    await until(async () => {
      const { streams } = await fixture.topology();
      return (await fixture.cursors.read('cluster_main', 1, 0))?.sequence === streams[0]?.lastSequence;
    });
    const metrics = await (await mapper.get('/metrics')).text();
    const unmatched = /^tributary_mapper_unmatched_total\{cluster="main",partition="0"\} (\d+)/m.exec(
      metrics,
    )?.[1];
    assert.equal(Number(unmatched), count);
  });

  it('does not hold records up: they take the empty range before them along', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    await fixture.mapper();
    fixture.appender.append(0, publish(0), null);
    await fixture.appender.flush();
    await covered(fixture);
    for (const topic of ['elsewhere', 'elsewhere', 'dev/1']) {
      fixture.appender.append(0, publish(1, { topic }), null);
      await fixture.appender.flush();
    }
    await until(async () => (await readOut(fixture, 0)).length === 2, { intervalMs: 5 });
    const [, second] = await readOut(fixture, 0);
    assert.deepEqual([second?.position.from, second?.position.sequence, second?.rows.length], [2, 4, 1]);
  });

  it('says nothing while the log is idle', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    await fixture.mapper();
    await sleep(2_500);
    assert.deepEqual(await readOut(fixture, 0), []);
  });
});
