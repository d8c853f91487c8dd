import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isReplay, OutKind, streamNames, type OutRow } from '@tributary/contracts';
import { until, type Proc } from '@tributary/testing';
import { Feeder } from './feeder.ts';
import { LetterHands, type Shelved } from './letter-hands.ts';
import {
  fanOutText,
  mappingText,
  publish,
  range,
  startFixture,
  type MapperFixture,
} from './mapper-fixture.ts';
import { covered } from './out-reading.ts';

/** A restarted process that goes by its old name need not wait for the lease of its former life. */
const SAME_NAME = { 'service.instance': 'mapper-a' };
const FAILS = mappingText('  key: "${payload.id}"');
const WORKS = mappingText();

interface Platform extends AsyncDisposable {
  readonly fixture: MapperFixture;
  readonly hands: LetterHands;
  readonly letters: readonly Shelved[];
  readonly mapper: Proc;
}

/** Letters of both partitions in turn, and a mapper that is stopped: a mapping that can map them is in effect. */
async function withLetters(
  count: number,
  { failing = FAILS, working = WORKS, bytes = 0 } = {},
): Promise<Platform> {
  const fixture = await startFixture();
  await fixture.apply(failing);
  const hands = await LetterHands.open(fixture);
  const mapper = await fixture.mapper({ settings: SAME_NAME });
  for (const n of range(count)) fixture.appender.append(n % 2, publish(n, { bytes }), null);
  await fixture.appender.flush();
  await covered(fixture);
  await hands.passAll();
  await mapper.stop();
  const letters = await hands.letters();
  assert.equal(letters.length, count);
  await fixture.apply(working);
  return { fixture, hands, letters, mapper, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

const number = ({ value }: OutRow): number => Number(String(value).trim());

async function settled({ hands }: Platform): Promise<void> {
  await hands.passUntil(async () => (await hands.requests()).length === 0, 'no request waits');
  await sleep(500);
  await hands.passAll();
}

describe('a mapper that is killed during a replay', () => {
  it('before OUT has it: the next one replays', async () => {
    await using platform = await withLetters(2);
    const { hands, letters, mapper } = platform;
    await hands.request(...letters);
    await mapper.start();
    await settled(platform);
    assert.deepEqual(hands.replayed.map(number).sort(), [0, 1]);
    assert.deepEqual(await hands.letters(), []);
  });

  it('when OUT has it and the letter is still there: the next one only tidies up', async () => {
    await using platform = await withLetters(2);
    const { fixture, hands, letters, mapper } = platform;
    await mapper.start();
    for (const [partition, letter] of letters.entries()) {
      const written = hands.nextReplay(() => true, partition);
      await hands.request(letter);
      await written;
    }
    await mapper.kill();
    assert.deepEqual([(await hands.letters()).length, (await hands.requests()).length], [2, 2]);
    await mapper.start();
    // What the next owner writes says so too, and it writes while kafka-egress is away.
    for (const n of [7, 8]) fixture.appender.append(n % 2, publish(n), null);
    await fixture.appender.flush();
    await covered(fixture);
    await sleep(1_500);
    assert.deepEqual(
      [(await hands.letters()).length, (await hands.requests()).length],
      [2, 2],
      'not passed yet',
    );
    await settled(platform);
    assert.deepEqual(await hands.letters(), []);
    assert.deepEqual(hands.replayed.map(number).sort(), [0, 1]);
  });

  it('when the letter is gone and the request is still there: the next one only tidies up', async () => {
    await using platform = await withLetters(2);
    const { hands, letters, mapper } = platform;
    await mapper.start();
    const written = [hands.nextReplay(() => true, 0), hands.nextReplay(() => true, 1)];
    await hands.request(...letters);
    await Promise.all(written);
    await mapper.kill();
    for (const letter of letters) await hands.discard(letter);
    await mapper.start();
    await settled(platform);
    assert.deepEqual(hands.replayed.map(number).sort(), [0, 1]);
  });

  it('between the parts of what came of one letter: the next one finishes exactly that', async () => {
    const routes = 12;
    const kept = WORKS.replace('routes:', 'defaults: { unmatched: deadLetter }\nroutes:');
    const failing = kept.replace('dev/{device}/#', 'elsewhere');
    await using platform = await withLetters(6, { failing, working: fanOutText(routes), bytes: 200_000 });
    const { hands, letters, mapper } = platform;
    await mapper.start();
    const cuts: string[] = [];
    for (const letter of letters.filter(({ subject }) => subject.split('.')[4] === '0')) {
      const cut = hands.nextReplay(({ part, parts }) => part === 1 + cuts.length && part < parts);
      await hands.request(letter);
      const { part, parts } = await cut;
      await mapper.kill();
      cuts.push(`${part}/${parts}`);
      await mapper.start();
      await until(async () => (await hands.requests()).length > 0);
    }
    await settled(platform);
    const replays = hands.passed.filter(({ position }) => isReplay(position));
    const epochs = Map.groupBy(replays, ({ position }) => position.replay?.count);
    const finished = [...epochs.values()].filter(
      (parts) => new Set(parts.map(({ position }) => position.epoch)).size > 1,
    );
    console.log(`killed at parts ${cuts.join(', ')}; ${finished.length} finished by another owner`);
    for (const parts of epochs.values()) {
      const found = parts.map(({ position }) => position.part);
      assert.deepEqual(found, range(parts[0]?.position.parts ?? 0, 1), 'each part once');
    }
    const counts = Map.groupBy(hands.replayed, number);
    assert.deepEqual(
      [...counts].map(([n, rows]) => [n, rows.length]),
      [0, 2, 4].map((n) => [n, routes]),
    );
    assert.ok(finished.length >= 1, 'no kill came between two parts');
  });

  it('between the parts, and the letter is discarded: what OUT has of it is all there will be', async () => {
    const routes = 12;
    const kept = WORKS.replace('routes:', 'defaults: { unmatched: deadLetter }\nroutes:');
    const failing = kept.replace('dev/{device}/#', 'elsewhere');
    await using platform = await withLetters(1, { failing, working: fanOutText(routes), bytes: 200_000 });
    const { fixture, hands, letters, mapper } = platform;
    await mapper.start();
    const cut = hands.nextReplay(({ part }) => part === 1);
    await hands.request(...letters);
    await cut;
    await mapper.kill();
    for (const letter of letters) await hands.discard(letter);
    await mapper.start();
    fixture.appender.append(0, publish(9), null);
    await fixture.appender.flush();
    await covered(fixture);
    await settled(platform);
    const { position } = hands.passed.at(-1) ?? assert.fail();
    assert.deepEqual([position.from, position.sequence, position.replay?.count], [2, 2, 1]);
    assert.ok(hands.replayed.length <= routes);
  });

  it('again and again, and frozen past its lease, while the log goes on: each letter once, each row once', async () => {
    const count = 60;
    await using platform = await withLetters(count);
    const { fixture, hands, letters, mapper } = platform;
    await mapper.start();
    const second = await fixture.mapper({ settings: { 'service.instance': 'mapper-b' } });
    await using feeder = new Feeder(fixture, { bytes: 500, perSecond: 400 });
    let passes = true;
    const passing = (async () => {
      while (passes) {
        await hands.passAll();
        await sleep(150);
      }
    })();
    for (let round = 0; round < 6; round++) {
      await hands.request(...letters.slice(round * 10, round * 10 + 10));
      await sleep(Math.random() * 900);
      if (round % 3 === 2) {
        // Longer than its lease: the other takes over, and both believe to be the owner when it wakes.
        second.pause();
        await sleep(5_500);
        second.resume();
      } else await mapper.restart('kill');
    }
    const fed = await feeder.stop();
    await covered(fixture);
    passes = false;
    await passing;
    await settled(platform);
    assert.deepEqual(
      hands.replayed.map(number).sort((a, b) => a - b),
      range(count),
    );
    assert.deepEqual(await hands.letters(), []);
    const mapped = hands.passed.filter(({ position }) => !isReplay(position)).flatMap(({ rows }) => rows);
    const records = mapped.filter(({ kind }) => kind === OutKind.record).map(number);
    assert.deepEqual(
      records.sort((a, b) => a - b),
      range(fed),
    );
    const writers = new Set(hands.passed.map(({ partition, position }) => `${partition}/${position.epoch}`));
    console.log(`${writers.size} owners wrote: ${count} letters and ${fed} rows, each once`);
    const order = hands.passed.filter(({ partition }) => partition === 0).map(({ position }) => position);
    order.slice(1).forEach((position, index) => {
      const before = order[index] ?? position;
      const replays = (position.replay?.count ?? 0) - (before.replay?.count ?? 0);
      const further = position.sequence - before.sequence || replays || position.part - before.part;
      assert.ok(further > 0 && replays >= 0, 'the position of each message is behind the one before');
    });
  });
});

describe('a stream of requests that was created anew', () => {
  it('counts from 1 again, and what was done before says nothing about it', async () => {
    await using platform = await withLetters(4);
    const { fixture, hands, letters, mapper } = platform;
    await mapper.start();
    // In the order of partitions: 0 and 2 of the first, 1 and 3 of the second.
    const [first, third, second, fourth] = letters;
    assert.ok(first && second && third && fourth);
    await hands.request(first, second);
    await settled(platform);
    await mapper.stop();
    await fixture.manager.streams.delete(streamNames.replays('main'));
    const later = await LetterHands.open(fixture);
    await later.request(third, fourth);
    await mapper.start();
    await settled(platform);
    assert.deepEqual(hands.replayed.map(number).sort(), [0, 1, 2, 3]);
  });
});
