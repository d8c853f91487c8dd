import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { streamNames } from '@tributary/contracts';
import type { RegisteredCursor } from '@tributary/log';
import { until } from '@tributary/testing';
import { mappingText, publish, range, startFixture, type MapperFixture } from './mapper-fixture.ts';
import { assertUnbroken, covered, readOut } from './out-reading.ts';

const READER = 'cluster_main';
const LOG = streamNames.log(1, 0);

/** One message of the log for each number. */
async function put(fixture: MapperFixture, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    fixture.appender.append(0, publish(n), null);
    await fixture.appender.flush();
  }
}

async function cursor(fixture: MapperFixture): Promise<RegisteredCursor> {
  const found = await fixture.cursors.read(READER, 1, 0);
  assert.ok(found);
  return found;
}

/** What the purger does first. */
async function giveUp(fixture: MapperFixture, upTo: number): Promise<void> {
  const entry = (await fixture.cursors.readers(1, 0)).find(({ reader }) => reader === READER);
  assert.ok(entry && (await fixture.cursors.moveOn(entry, upTo)));
}

/** What it does then. */
async function remove(fixture: MapperFixture, upTo: number): Promise<void> {
  await fixture.manager.streams.purge(LOG, { seq: upTo + 1 });
}

async function values(fixture: MapperFixture): Promise<number[]> {
  const messages = await readOut(fixture, 0);
  assertUnbroken(messages, 1);
  return messages.flatMap(({ rows }) => rows.map(({ value }) => Number(String(value))));
}

/** Ten messages mapped and reported, ten more that nobody has read. */
async function begin(fixture: MapperFixture, settings = {}) {
  await fixture.apply(mappingText());
  const mapper = await fixture.mapper({ settings });
  await put(fixture, range(10, 1));
  await covered(fixture);
  await until(async () => (await cursor(fixture)).sequence === 10);
  return mapper;
}

const passed = async (fixture: MapperFixture): Promise<unknown> =>
  until(async () => (await cursor(fixture)).sequence === 20 && (await cursor(fixture)).givenUp === undefined);

describe('what was given up for a cluster', () => {
  it('and is gone is passed over in OUT and recorded; the rest is mapped', async () => {
    await using fixture = await startFixture();
    const mapper = await begin(fixture);
    await mapper.stop();
    await put(fixture, range(10, 11));
    await giveUp(fixture, 18);
    // The purger died before it had removed all of it.
    await remove(fixture, 15);
    await mapper.start();
    await covered(fixture);
    assert.deepEqual(await values(fixture), [...range(10, 1), ...range(5, 16)]);
    await passed(fixture);
    const { lost } = await cursor(fixture);
    assert.deepEqual([lost?.messages, lost?.ranges.map(({ from, to }) => [from, to])], [5, [[11, 15]]]);
    const metrics = await (await mapper.get('/metrics')).text();
    assert.match(metrics, /tributary_mapper_lost_messages\{cluster="main",partition="0"\} 5/);
    // Again, by another owner: it is counted once.
    await mapper.restart('kill');
    await covered(fixture);
    assert.equal((await cursor(fixture)).lost?.messages, 5);
  });

  it('and is still there is mapped', async () => {
    await using fixture = await startFixture();
    const mapper = await begin(fixture);
    await mapper.stop();
    await put(fixture, range(10, 11));
    await giveUp(fixture, 18);
    await mapper.start();
    await covered(fixture);
    assert.deepEqual(await values(fixture), range(20, 1));
    await passed(fixture);
    assert.equal((await cursor(fixture)).lost, undefined);
  });

  it('under a mapper that is reading is passed over by it', async () => {
    await using fixture = await startFixture();
    // It keeps its lease: nobody starts anew.
    const mapper = await begin(fixture, { 'lease.ttlMs': 20_000 });
    mapper.pause();
    // A request of the mapper for messages has ended by then.
    await sleep(2_300);
    await put(fixture, range(10, 11));
    await giveUp(fixture, 16);
    await remove(fixture, 16);
    mapper.resume();
    await covered(fixture);
    const found = await values(fixture);
    await passed(fixture);
    const gone =
      (await cursor(fixture)).lost?.ranges.flatMap(({ from, to }) => range(to - from + 1, from)) ?? [];
    assert.ok(gone.length > 0);
    assert.deepEqual(
      [...found, ...gone].toSorted((a, b) => a - b),
      range(20, 1),
    );
    assert.equal((await mapper.get('/readyz')).status, 200);
  });

  it('is passed over once, whoever died after recording it and before passing it', async () => {
    await using fixture = await startFixture();
    const mapper = await begin(fixture);
    await mapper.stop();
    await put(fixture, range(10, 11));
    await giveUp(fixture, 14);
    await remove(fixture, 14);
    await fixture.cursors.recordLoss(READER, 1, 0, { from: 11, to: 14 });
    assert.equal((await cursor(fixture)).givenUp, undefined);
    await giveUp(fixture, 17);
    await remove(fixture, 17);
    await mapper.start();
    await covered(fixture);
    assert.deepEqual(await values(fixture), [...range(10, 1), ...range(3, 18)]);
    await passed(fixture);
    const { lost } = await cursor(fixture);
    assert.deepEqual([lost?.messages, lost?.ranges.map(({ from, to }) => [from, to])], [7, [[11, 17]]]);
  });

  it('does not excuse what is gone besides: the partition halts', async () => {
    await using fixture = await startFixture();
    const mapper = await begin(fixture);
    await mapper.stop();
    await put(fixture, range(10, 11));
    await giveUp(fixture, 14);
    await remove(fixture, 15);
    const again = await fixture.mapper({ waitFor: 'endpoints' });
    await until(async () => (await (await again.get('/readyz')).text()).includes('halted, position-gap'));
    assert.deepEqual(await values(fixture), range(10, 1));
    const { lost, sequence } = await cursor(fixture);
    assert.deepEqual([lost, sequence], [undefined, 14]);
  });
});
