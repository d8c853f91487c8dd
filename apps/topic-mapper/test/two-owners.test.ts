import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { streamNames, subjects } from '@tributary/contracts';
import { readCheckpoint } from '@tributary/log';
import { until, type Proc } from '@tributary/testing';
import { Feeder } from './feeder.ts';
import { mappingText, startFixture, type MapperFixture } from './mapper-fixture.ts';
import { assertExactlyOnce, covered } from './out-reading.ts';

async function leases(mapper: Proc): Promise<number> {
  const metrics = await (await mapper.get('/metrics')).text();
  return Number(/^tributary_leases_held\{kind="topic-mapper"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
}

/** Epochs of the owners that wrote last, by partition. */
async function lastEpochs(fixture: MapperFixture): Promise<number[]> {
  return Promise.all(
    [0, 1].map(async (partition) => {
      const stream = streamNames.out('main', 1, partition);
      const checkpoint = await readCheckpoint(fixture.manager, stream, subjects.out('main', 1, partition));
      return checkpoint?.position.epoch ?? 0;
    }),
  );
}

const MORE_CLUSTERS = `  a: { brokers: ["a:9092"] }
  b: { brokers: ["b:9092"] }
  c: { brokers: ["c:9092"] }
defaults: { cluster: main }
routes:`;

describe('two mappers', () => {
  it('one frozen past its lease and thawed again writes nothing that counts twice', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const settings = { 'lease.ttlMs': 3_000 };
    const mappers = [await fixture.mapper({ settings }), await fixture.mapper({ settings })] as const;
    await using feeder = new Feeder(fixture, { bytes: 1_000, perSecond: 3_000 });
    const deposed: number[] = [];
    for (let round = 0; round < 4; round++) {
      // Both partitions may be one's: freeze whoever has one.
      const frozen = await until(async () => {
        const [first, second] = await Promise.all([leases(mappers[0]), leases(mappers[1])]);
        return first + second === 2 && mappers[first > 0 ? 0 : 1];
      });
      const other = frozen === mappers[0] ? mappers[1] : mappers[0];
      const before = await lastEpochs(fixture);
      frozen.pause();
      await until(async () => (await leases(other)) === 2, { timeoutMs: 30_000, what: 'the other has both' });
      const overtaken = async (): Promise<number> =>
        (await lastEpochs(fixture)).filter((epoch, p) => epoch > (before[p] ?? 0)).length;
      deposed.push(await until(overtaken, { timeoutMs: 30_000, what: 'the other has written' }));
      frozen.resume();
      await sleep(1_500);
    }
    const count = await feeder.stop();
    await covered(fixture);
    const { rows, messages } = await assertExactlyOnce(fixture);
    assert.equal(rows, count);
    console.log(
      `${deposed.length} times frozen, overtaken in ${deposed.join(', ')} partitions and thawed: ` +
        `${rows} rows in ${messages} messages, each row once`,
    );
  });

  it('share the partitions, and hand them over when one stops', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText().replace('routes:', MORE_CLUSTERS));
    const first = await fixture.mapper();
    const second = await fixture.mapper();
    await until(async () => {
      const held = await Promise.all([leases(first), leases(second)]);
      return held[0] + held[1] === 8 && held[0] > 0 && held[1] > 0;
    });
    const began = performance.now();
    await first.stop();
    await until(async () => (await leases(second)) === 8);
    const ms = performance.now() - began;
    console.log(`all partitions handed over ${Math.round(ms)} ms after the stop began`);
    assert.ok(ms < 5_000);
  });
});
