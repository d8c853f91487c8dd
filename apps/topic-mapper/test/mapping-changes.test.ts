import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '@tributary/testing';
import { Feeder } from './feeder.ts';
import { mappingText, publish, range, startFixture } from './mapper-fixture.ts';
import { assertExactlyOnce, assertUnbroken, covered, readOut } from './out-reading.ts';

describe('another mapping version', () => {
  it('takes effect between two batches, and OUT says where', async () => {
    await using fixture = await startFixture();
    const texts = range(4).map((n) => mappingText().replace('kafka: devices', `kafka: devices-${n + 1}`));
    await fixture.apply(texts[0] ?? '');
    await fixture.mapper();
    await using feeder = new Feeder(fixture, { bytes: 100, perSecond: 2_000 });
    for (const text of texts.slice(1)) {
      const version = await fixture.apply(text);
      await until(async () => (await readOut(fixture, 0)).at(-1)?.position.mapping === version, {
        timeoutMs: 30_000,
      });
    }
    await feeder.stop();
    await covered(fixture);
    const { rows } = await assertExactlyOnce(fixture);
    for (const partition of [0, 1]) {
      const messages = await readOut(fixture, partition);
      const switches = messages.filter(
        ({ position }, i) => position.mapping !== messages[i - 1]?.position.mapping,
      );
      assert.deepEqual(
        switches.map(({ position }) => position.mapping),
        [1, 2, 3, 4],
      );
      for (const { position, rows: found } of messages) {
        for (const { topic } of found) assert.equal(topic, `devices-${position.mapping}`);
      }
      const at = switches.map(({ position }) => `${position.mapping} from ${position.from}`).join(', ');
      console.log(`partition ${partition}: version ${at}`);
    }
    console.log(`${rows} rows, each once and with the version its message names`);
  });

  it('that does not compile here is a finding, and the previous one stays', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper();
    // Ready is not yet mapping: without this the first version might never come into effect.
    fixture.appender.append(0, publish(0), null);
    await fixture.appender.flush();
    await covered(fixture);
    await fixture.apply('version: 1\nclusters: {}\nroutes: nonsense\n');
    await until(async () => (await mapper.get('/readyz')).status === 503);
    assert.match(await (await mapper.get('/readyz')).text(), /mapping version 2 does not compile here/);
    fixture.appender.append(0, publish(1), null);
    await fixture.appender.flush();
    await covered(fixture);
    assert.equal((await readOut(fixture, 0))[0]?.position.mapping, 1);
    await fixture.apply(mappingText('  key: ${device}'));
    await until(async () => (await mapper.get('/readyz')).status === 200);
    fixture.appender.append(0, publish(2), null);
    await fixture.appender.flush();
    await covered(fixture);
    assert.equal((await readOut(fixture, 0)).at(-1)?.position.mapping, 3);
  });

  it('without a cluster ends its work; with it again it begins at what the log is then', async () => {
    await using fixture = await startFixture();
    const other = mappingText().replaceAll('main', 'other');
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper();
    const worksForMain = async (): Promise<boolean> =>
      (await (await mapper.get('/metrics')).text()).includes(
        'tributary_mapper_mapping_version{cluster="main"',
      );
    const put = async (n: number): Promise<void> => {
      fixture.appender.append(0, publish(n), null);
      await fixture.appender.flush();
    };
    await put(1);
    await covered(fixture);
    assert.ok(await worksForMain());
    await fixture.apply(other);
    // Until then a row may still be mapped by the version before.
    await until(async () => !(await worksForMain()));
    await put(2);
    await covered(fixture, 'other');
    await fixture.cursors.remove('cluster_main', await fixture.topology());
    await put(3);
    await fixture.apply(mappingText());
    await put(4);
    await covered(fixture);
    const messages = await readOut(fixture, 0);
    assertUnbroken(messages, 1);
    const values = messages.flatMap(({ rows }) => rows.map(({ value }) => String(value)));
    assert.deepEqual(values, ['1', '4'], 'what came while it was not in the mapping is not its business');
    const passed = messages
      .filter(({ bytes }) => bytes === 0)
      .map(({ position }) => [position.from, position.sequence]);
    assert.deepEqual(passed, [[2, 3]], 'OUT says what was passed over');
  });
});
