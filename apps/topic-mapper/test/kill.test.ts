import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseOutHeaders, subjects, type OutPosition } from '@tributary/contracts';
import { Feeder } from './feeder.ts';
import { fanOutText, mappingText, publish, startFixture, type MapperFixture } from './mapper-fixture.ts';
import { assertExactlyOnce, covered, readOut } from './out-reading.ts';

/** A restarted process that goes by its old name need not wait for the lease of its former life. */
const SAME_NAME = { 'service.instance': 'mapper-a' };

/** Resolves when the first message of OUT is written for which `wanted` is true. */
async function written(
  fixture: MapperFixture,
  wanted: (position: OutPosition) => boolean,
): Promise<OutPosition> {
  const subscription = fixture.nats.subscribe(subjects.out('main', 1, 0));
  for await (const { headers } of subscription) {
    const position = parseOutHeaders((name) => headers?.get(name) ?? '');
    if (wanted(position)) return position;
  }
  throw new Error('the subscription ended');
}

describe('a mapper that is killed', () => {
  it('between the parts of a batch: the next one finishes exactly that batch', async () => {
    await using fixture = await startFixture();
    const routes = 12;
    await fixture.apply(fanOutText(routes));
    const mapper = await fixture.mapper({ settings: SAME_NAME });
    const cuts: string[] = [];
    let count = 0;
    for (let round = 0; round < 8; round++) {
      const cut = written(fixture, ({ part, parts }) => part === 1 + (round % 4) && part < parts);
      // Rows of 200 KB, taken by twelve routes each: every batch has several parts.
      for (const end = count + 4; count < end; count++) {
        fixture.appender.append(count % 2, publish(count, { bytes: 200_000 }), null);
      }
      const { part, parts } = await cut;
      await mapper.kill();
      cuts.push(`${part}/${parts}`);
      await mapper.start();
    }
    await fixture.appender.flush();
    await covered(fixture);
    const { rows, messages, partsMost } = await assertExactlyOnce(fixture, { routes });
    assert.equal(rows, count * routes);
    const finished = (await Promise.all([0, 1].map((p) => readOut(fixture, p))))
      .flat()
      .filter(
        ({ position }, i, all) => position.part > 1 && all[i - 1]?.position.epoch !== position.epoch,
      ).length;
    console.log(
      `killed while parts ${cuts.join(', ')} had just been written; ${finished} batches were finished by another owner; ` +
        `${rows} rows in ${messages} messages (up to ${partsMost} parts), each row once and in order`,
    );
    assert.ok(finished >= 3, `${finished} batches finished by another owner`);
  });

  it('at random moments while rows are appended: every row is in OUT once and in order', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper({ settings: SAME_NAME });
    await using feeder = new Feeder(fixture, { bytes: 1_000, perSecond: 3_000 });
    const kills = 10;
    for (let round = 0; round < kills; round++) {
      await written(fixture, () => true);
      await sleep(Math.random() * 300);
      await mapper.kill();
      await sleep(Math.random() * 200);
      await mapper.start();
    }
    await written(fixture, () => true);
    const count = await feeder.stop();
    await covered(fixture);
    const { rows, messages } = await assertExactlyOnce(fixture);
    assert.equal(rows, count);
    const epochs = new Set((await readOut(fixture, 0)).map(({ position }) => position.epoch));
    console.log(
      `${kills} kills, ${epochs.size} owners wrote: ${rows} rows in ${messages} messages, each row once`,
    );
  });

  it('with the server killed as well: nothing is lost or repeated', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper({ settings: SAME_NAME });
    await using feeder = new Feeder(fixture, { bytes: 1_000, perSecond: 4_000 });
    for (let round = 0; round < 3; round++) {
      await sleep(500 + Math.random() * 500);
      await fixture.server.kill();
      await fixture.server.start();
      await sleep(500 + Math.random() * 500);
      await mapper.kill();
      await mapper.start();
    }
    const count = await feeder.stop();
    await covered(fixture);
    const { rows, messages } = await assertExactlyOnce(fixture);
    console.log(`${rows} rows in ${messages} messages after 3 kills of each, each row once`);
    assert.equal(rows, count);
  });
});
