import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Proc } from '@tributary/testing';
import { Feeder } from './feeder.ts';
import { mappingText, startFixture, type MapperFixture } from './mapper-fixture.ts';
import { assertExactlyOnce, covered, readOut } from './out-reading.ts';

async function leases(mapper: Proc): Promise<number> {
  const metrics = await (await mapper.get('/metrics')).text();
  return Number(/^tributary_leases_held\{kind="topic-mapper"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
}

async function lastEpoch(fixture: MapperFixture, partition: number): Promise<number> {
  return (await readOut(fixture, partition)).at(-1)?.position.epoch ?? 0;
}

describe('two mappers', () => {
  it('one frozen past its lease and thawed again writes nothing that counts twice', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const first = await fixture.mapper();
    await until(async () => (await leases(first)) === 2);
    const second = await fixture.mapper();
    const feeder = new Feeder(fixture, { bytes: 1_000, perSecond: 6_000 });
    let takeovers = 0;
    for (let round = 0; round < 4; round++) {
      const [frozen, other] = round % 2 === 0 ? [first, second] : [second, first];
      await sleep(500);
      const before = await Promise.all([0, 1].map((p) => lastEpoch(fixture, p)));
      frozen.pause();
      await until(async () => (await leases(other)) === 2, { timeoutMs: 20_000 });
      await until(
        async () =>
          (await Promise.all([0, 1].map((p) => lastEpoch(fixture, p)))).some((e, p) => e > (before[p] ?? 0)),
        { timeoutMs: 20_000 },
      );
      takeovers++;
      frozen.resume();
      await sleep(1_500);
    }
    const count = await feeder.stop();
    await covered(fixture);
    const { rows, messages } = await assertExactlyOnce(fixture);
    assert.equal(rows, count);
    console.log(
      `${takeovers} times frozen, replaced and thawed: ${rows} rows in ${messages} messages, each row once`,
    );
  });

  it('share the partitions, and hand them over when one stops', async () => {
    await using fixture = await startFixture();
    const text = mappingText().replace(
      'main:',
      'main: { brokers: ["a:9092"] }\n  a: { brokers: ["a:9092"] }\n  b: { brokers: ["a:9092"] }\n  c:',
    );
    await fixture.apply(text.replace('c: {', 'c: {').replace('to:', 'to:\n      cluster: main'));
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
