import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  deadLetterReason,
  decodeHeaders,
  openRow,
  OutKind,
  subjects,
  type OutRow,
} from '@tributary/contracts';
import { until } from '@tributary/testing';
import { mappingText, publish, startFixture, type MapperFixture } from './mapper-fixture.ts';
import { assertUnbroken, covered, readOut } from './out-reading.ts';

async function rowsOf(fixture: MapperFixture): Promise<OutRow[]> {
  const messages = await readOut(fixture, 0);
  assertUnbroken(messages, 1);
  return messages.flatMap(({ rows }) => rows);
}

async function put(fixture: MapperFixture, ...rows: Parameters<typeof publish>[]): Promise<void> {
  for (const row of rows) fixture.appender.append(0, publish(...row), null);
  await fixture.appender.flush();
}

describe('what cannot be mapped', () => {
  it('becomes a dead letter with the row as it stands in the log, and the rest goes on', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText('  key: "${payload.id}"'));
    const mapper = await fixture.mapper();
    await put(
      fixture,
      [1, { payload: Buffer.from('{"id":"a"}') }],
      [2, { payload: Buffer.from('not json') }],
      [3, { payload: Buffer.from('{"id":"b"}') }],
    );
    await covered(fixture);
    const [first, letter, third] = await rowsOf(fixture);
    assert.deepEqual([String(first?.key), String(third?.key)], ['a', 'b']);
    assert.ok(letter?.value);
    assert.deepEqual(
      [letter.kind, letter.route, letter.logSequence, letter.row],
      [OutKind.deadLetter, 'all', 1, 1],
    );
    assert.equal(deadLetterReason(letter).code, 'payload-not-json');
    const row = openRow(letter.value);
    assert.deepEqual([row.topic, String(row.payload)], ['dev/2/temperature', 'not json']);
    const metrics = await (await mapper.get('/metrics')).text();
    assert.match(metrics, /tributary_mapper_dead_letters_total\{cluster="main",code="payload-not-json"\} 1/);
  });

  it('is dropped and counted where the mapping says so', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText('  key: "${payload.id}"', 'onError: drop'));
    const mapper = await fixture.mapper();
    await put(
      fixture,
      [1, { payload: Buffer.from('not json') }],
      [2, { payload: Buffer.from('{"id":"b"}') }],
    );
    await covered(fixture);
    assert.equal((await rowsOf(fixture)).length, 1);
    const metrics = await (await mapper.get('/metrics')).text();
    assert.match(metrics, /tributary_mapper_dropped_total\{cluster="main",code="payload-not-json"\} 1/);
  });

  it('is kept if no route takes it and the mapping says so', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText().replace('routes:', 'defaults: { unmatched: deadLetter }\nroutes:'));
    await fixture.mapper();
    await put(fixture, [1, { topic: 'elsewhere/1' }]);
    await covered(fixture);
    const [letter] = await rowsOf(fixture);
    assert.ok(letter?.value);
    assert.equal(deadLetterReason(letter).code, 'unmatched');
    assert.equal(openRow(letter.value).topic, 'elsewhere/1');
    // Its subject in the dead letter store must be one that NATS takes.
    assert.match(subjects.deadLetter('main', 0, 1, 0, letter.route), /^[\w.-]+$/);
  });

  it('holds its cluster up where the route says so, until a mapping can map it', async () => {
    await using fixture = await startFixture();
    const text = mappingText('  key: "${payload.id}"', 'onError: block');
    await fixture.apply(text);
    const mapper = await fixture.mapper();
    await put(fixture, [1, { payload: Buffer.from('{"id":"a"}') }]);
    await put(fixture, [2, { payload: Buffer.from('{"id":"b"}') }], [3, { payload: Buffer.from('oops') }]);
    await put(fixture, [4, { payload: Buffer.from('{"id":"c"}') }]);
    await until(async () => (await mapper.get('/readyz')).status === 503);
    assert.match(
      await (await mapper.get('/readyz')).text(),
      /blocked, payload-not-json: route all waits at log sequence 2, row 1/,
    );
    await sleep(500);
    assert.deepEqual(
      (await rowsOf(fixture)).map(({ key }) => String(key)),
      ['a'],
      'nothing of that envelope',
    );
    await mapper.restart('kill');
    await mapper.get('/livez');
    await fixture.apply(text.replace('onError: block', 'onError: deadLetter'));
    await covered(fixture);
    await until(async () => (await mapper.get('/readyz')).status === 200);
    const rows = await rowsOf(fixture);
    assert.deepEqual(
      rows.map(({ kind, key }) => (kind === OutKind.record ? String(key) : 'dead')),
      ['a', 'b', 'dead', 'c'],
    );
  });

  it('holds up its own cluster and partition only', async () => {
    await using fixture = await startFixture();
    const text = mappingText('  key: "${payload.id}"', 'onError: block').replace(
      'routes:',
      [
        '  other: { brokers: ["other:9092"] }',
        'defaults: { cluster: main }',
        'routes:',
        '  - { name: copies, from: { mqtt: "#" }, onError: block, to: { kafka: copies, cluster: other } }',
      ].join('\n'),
    );
    await fixture.apply(text);
    const mapper = await fixture.mapper();
    const value = { payload: Buffer.from('{"id":"a"}') };
    await put(fixture, [1, { payload: Buffer.from('oops') }], [2, value]);
    for (const n of [3, 4]) {
      fixture.appender.append(1, publish(n, value), null);
      await fixture.appender.flush();
    }
    await put(fixture, [5, value]);
    await until(async () => (await mapper.get('/readyz')).status === 503);
    await covered(fixture, 'other');
    const rows = async (partition: number, cluster: string): Promise<number> =>
      (await readOut(fixture, partition, cluster)).flatMap((message) => message.rows).length;
    await until(async () => (await rows(1, 'main')) === 2, { what: 'the other partition goes on' });
    assert.deepEqual([await rows(0, 'other'), await rows(1, 'other')], [3, 2], 'the other cluster goes on');
    assert.equal(await rows(0, 'main'), 0, 'nothing passes the message');
    const metrics = await (await mapper.get('/metrics')).text();
    const blocked = [...metrics.matchAll(/^tributary_mapper_blocked\{(.*)\} 1$/gm)].map(([, place]) => place);
    assert.deepEqual(blocked, ['cluster="main",partition="0"']);
    await fixture.apply(text.replace('${payload.id}', '${payloadText}'));
    await covered(fixture);
    assert.equal(await rows(0, 'main'), 3, 'and goes on once a mapping can map it');
  });

  it('a message of the log that is no envelope is kept whole and passed over', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    await fixture.mapper();
    await put(fixture, [1]);
    const poison = Buffer.from('this is no envelope, whoever wrote it');
    await fixture.js.publish(subjects.log(1, 0), poison);
    await put(fixture, [2]);
    await covered(fixture);
    const rows = await rowsOf(fixture);
    assert.deepEqual(
      rows.map(({ kind, value }) => (kind === OutKind.record ? String(value) : 'dead')),
      ['1', 'dead', '2'],
    );
    const letter = rows[1];
    assert.ok(letter?.value);
    assert.equal(deadLetterReason(letter).code, 'envelope-corrupt');
    assert.deepEqual(Buffer.from(letter.value), poison);
  });

  it('a record too large for OUT becomes a dead letter; one that just fits does not', async () => {
    await using fixture = await startFixture();
    // Topic and client id come back in key and headers: the record is larger than the row by more than itself.
    await fixture.apply(mappingText());
    await fixture.mapper();
    const topic = `dev/${'x'.repeat(50_000)}`;
    const fits = 1024 * 1024 - 64 * 1024;
    await put(fixture, [1, { bytes: fits }], [2, { bytes: fits - 30_000, topic }], [3]);
    await covered(fixture);
    const rows = await rowsOf(fixture);
    assert.deepEqual(
      rows.map(({ kind, logSequence, row }) => [kind, logSequence, row]),
      [
        [OutKind.record, 1, 0],
        [OutKind.deadLetter, 2, 0],
        [OutKind.record, 3, 0],
      ],
    );
    const letter = rows[1];
    assert.ok(letter?.value);
    assert.equal(deadLetterReason(letter).code, 'record-too-large');
    assert.equal(new Map(decodeHeaders(letter.headers)).has('truncated'), false);
    assert.equal(openRow(letter.value).topic, topic);
  });
});
