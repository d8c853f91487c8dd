import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutKind, streamNames, type OutRow } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { LetterHands, type Shelved } from './letter-hands.ts';
import { mappingText, publish, range, startFixture, type MapperFixture } from './mapper-fixture.ts';
import { covered } from './out-reading.ts';

const SAME_NAME = { 'service.instance': 'mapper-a' };
const FAILS = mappingText('  key: "${payload.id}"');
const WORKS = mappingText();

/** A platform whose log gave so many letters, all of partition 0, and a mapper that maps. */
async function withLetters(
  count: number,
  failing = FAILS,
  settings: Record<string, string> = SAME_NAME,
): Promise<{ fixture: MapperFixture; hands: LetterHands; letters: Shelved[] } & AsyncDisposable> {
  const fixture = await startFixture();
  await fixture.apply(failing);
  const hands = await LetterHands.open(fixture);
  const mapper = await fixture.mapper({ settings });
  for (const n of range(count)) fixture.appender.append(0, publish(n), null);
  await fixture.appender.flush();
  await covered(fixture);
  await hands.passAll();
  await mapper.stop();
  const letters = await hands.letters();
  assert.equal(letters.length, count);
  return { fixture, hands, letters, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

const values = (rows: readonly OutRow[]): string[] => rows.map(({ value }) => String(value).trim());

/** Nothing is asked for any more, and nothing more comes. */
async function settled(hands: LetterHands): Promise<void> {
  await hands.passUntil(async () => (await hands.requests()).length === 0, 'no request waits');
  await sleep(500);
  await hands.passAll();
}

describe('the replay of dead letters', () => {
  it('maps through the mapping in effect, each letter once, and takes away what was replayed alone', async () => {
    await using platform = await withLetters(5);
    const { fixture, hands, letters } = platform;
    const version = await fixture.apply(WORKS);
    const mapper = await fixture.mapper({ settings: SAME_NAME });
    await hands.request(...letters.slice(1, 4));
    await hands.passUntil(async () => (await hands.letters()).length === 2, 'letters are removed');
    await settled(hands);
    assert.deepEqual(values(hands.replayed), ['1', '2', '3']);
    const [first] = hands.replayed;
    assert.deepEqual(
      [first?.kind, first?.topic, String(first?.key), first?.timestampMs, first?.logSequence, first?.row],
      [OutKind.record, 'devices', 'dev/1/temperature', 1_700_000_000_001, letters[1]?.row.logSequence, 1],
    );
    assert.equal(hands.passed.at(-1)?.position.mapping, version);
    assert.deepEqual(await hands.letters(), [letters[0], letters[4]]);
    // What follows says how far replays have come, and covers the log without a gap.
    fixture.appender.append(0, publish(9), null);
    await fixture.appender.flush();
    await covered(fixture);
    await hands.passAll();
    const { position } = hands.passed.at(-1) ?? assert.fail();
    assert.deepEqual([position.from, position.sequence, position.replay?.count], [2, 2, 3]);
    const metrics = await (await mapper.get('/metrics')).text();
    assert.match(
      metrics,
      /tributary_mapper_replays_total\{cluster="main",partition="0",result="records"\} 3/,
    );
  });

  it('gives the records of its own route only', async () => {
    const route = '  - { name: other, from: { mqtt: "dev/#" }, to: { kafka: copies } }\n';
    await using platform = await withLetters(1, FAILS + route);
    const { fixture, hands, letters } = platform;
    await fixture.apply(WORKS + route);
    await fixture.mapper({ settings: SAME_NAME });
    await hands.request(...letters);
    await settled(hands);
    assert.deepEqual(
      hands.passed.flatMap(({ rows }) => rows).map(({ kind, topic }) => [kind, topic]),
      [
        [OutKind.deadLetter, ''],
        [OutKind.record, 'copies'],
        [OutKind.record, 'devices'],
      ],
    );
  });

  const again: [what: string, text: string, code: string][] = [
    ['fails as before', FAILS, 'expression-failed'],
    ['fails with a route that drops', FAILS + '    onError: drop\n', 'expression-failed'],
    ['fails with a route that blocks', FAILS + '    onError: block\n', 'expression-failed'],
    ['has no route any more', WORKS.replace('name: all', 'name: renamed'), 'route-missing'],
    ['has one that takes it no more', WORKS.replace('dev/{device}/#', 'dev/{device}'), 'not-taken'],
  ];
  it('makes a letter again, under an id of its own, of what fails again', async () => {
    await using platform = await withLetters(1);
    const { fixture, hands, letters } = platform;
    const [first] = letters;
    assert.ok(first);
    await hands.discard(first);
    await fixture.mapper({ settings: SAME_NAME });
    for (const [what, text, code] of again) {
      const version = await fixture.apply(text);
      await hands.put(0, first);
      const [letter] = await hands.letters();
      assert.ok(letter);
      await until(async () => (await fixture.versions.active()).version === version);
      await hands.request(letter);
      await hands.passUntil(async () => (await hands.requests()).length === 0, what);
      const [next, ...more] = await hands.letters();
      assert.deepEqual(more, [], what);
      assert.deepEqual(
        [next?.code, next?.attempts, next?.replayOf, next?.firstSeenMs, next?.subject],
        [code, 2, letter.sequence, letter.firstSeenMs, `${letter.subject}.r${letter.sequence}`],
        what,
      );
      assert.deepEqual(next?.row.value, letter.row.value, 'the message is what it was');
      if (next) await hands.discard(next);
    }
    await hands.put(0, { ...first, replayOf: 1, attempts: 2 });
    await fixture.apply(WORKS);
    await hands.request(...(await hands.letters()));
    await settled(hands);
    assert.deepEqual(await hands.letters(), []);
    assert.deepEqual(values(hands.replayed.filter(({ kind }) => kind === OutKind.record)), ['0']);
  });

  it('asks every route where none had taken the message', async () => {
    const kept = WORKS.replace('routes:', 'defaults: { unmatched: deadLetter }\nroutes:');
    await using platform = await withLetters(1, kept.replace('dev/{device}/#', 'elsewhere'));
    const { fixture, hands, letters } = platform;
    assert.equal(letters[0]?.row.route, '_unmatched');
    await fixture.apply(`${WORKS}  - { name: other, from: { mqtt: "#" }, to: { kafka: copies } }\n`);
    await fixture.mapper({ settings: SAME_NAME });
    await hands.request(...letters);
    await settled(hands);
    assert.deepEqual(
      hands.replayed.map(({ topic }) => topic),
      ['devices', 'copies'],
    );
  });

  it('produces a refused record as it was if its message is gone, else maps the message', async () => {
    await using platform = await withLetters(1);
    const { fixture, hands, letters } = platform;
    const [mapped] = letters;
    assert.ok(mapped);
    await hands.discard(mapped);
    const record: OutRow = {
      ...mapped.row,
      kind: OutKind.record,
      topic: 'old',
      value: Buffer.from('as it was'),
    };
    await hands.put(0, { ...mapped, row: { ...record, row: 1 } });
    await hands.put(0, { ...mapped, row: { ...record, row: 2 }, original: mapped.row.value });
    await fixture.apply(WORKS);
    await fixture.mapper({ settings: SAME_NAME });
    await hands.request(...(await hands.letters()));
    await settled(hands);
    assert.deepEqual(
      hands.replayed.map(({ topic, row, value }) => [topic, row, String(value).trim()]),
      [
        ['old', 1, 'as it was'],
        ['devices', 2, '0'],
      ],
    );
    assert.deepEqual(await hands.letters(), []);
  });

  it('goes on while a message of the log holds the partition up', async () => {
    await using platform = await withLetters(2);
    const { fixture, hands, letters } = platform;
    const route =
      '  - { name: stern, from: { mqtt: "stern" }, onError: block, to: { kafka: s, key: "${payload.id}" } }\n';
    await fixture.apply(WORKS + route);
    const mapper = await fixture.mapper({ settings: SAME_NAME });
    fixture.appender.append(0, publish(7, { topic: 'stern' }), null);
    await fixture.appender.flush();
    await until(async () => (await mapper.get('/readyz')).status === 503);
    await hands.request(...letters);
    await settled(hands);
    assert.deepEqual(values(hands.replayed), ['0', '1']);
    await fixture.apply(WORKS + route.replace('payload.id', 'topic'));
    await covered(fixture);
  });

  it('does nothing for a letter that is gone, damaged, or another than the one that was meant', async () => {
    await using platform = await withLetters(3);
    const { fixture, hands, letters } = platform;
    const [gone, other, meant] = letters;
    assert.ok(gone && other && meant);
    await hands.discard(gone);
    await fixture.js.publish('trib.v1.dead.main.0.99.0.all', 'no letter at all');
    await fixture.js.publish('trib.v1.replay.main.0.nonsense', 'nonsense');
    await fixture.apply(WORKS);
    await hands.request(gone, { ...other, subject: meant.subject });
    const damaged = (await fixture.manager.streams.info(streamNames.deadLetters('main'))).state.last_seq;
    await hands.request({ ...other, sequence: damaged, subject: 'trib.v1.dead.main.0.99.0.all' });
    await fixture.mapper({ settings: SAME_NAME });
    await settled(hands);
    assert.deepEqual(hands.replayed, []);
    const { state } = await fixture.manager.streams.info(streamNames.deadLetters('main'));
    assert.equal(state.messages, 3, 'nothing was taken away');
  });
});
