import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { replayStream, streamNames } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { mappingText, startControl, type ControlFixture, type ControlPlane } from '../control-fixture.ts';
import { store, type Sample } from './letter-samples.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

async function withLetters(
  samples: readonly Sample[],
): Promise<{ fixture: ControlFixture; control: ControlPlane; sequences: number[] } & AsyncDisposable> {
  const fixture = await startControl();
  const control = await fixture.controlPlane();
  await control.apply(mappingText('main'));
  const sequences = await store(fixture, samples);
  return { fixture, control, sequences, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

async function stored(fixture: ControlFixture, stream: string): Promise<{ subject: string; data: string }[]> {
  const { state } = await fixture.manager.streams.info(stream);
  const found = [];
  for (let seq = Math.max(state.first_seq, 1); seq <= state.last_seq; seq++) {
    const message = await fixture.manager.streams.getMessage(stream, { seq });
    if (message) found.push({ subject: message.subject, data: message.string() });
  }
  return found;
}

describe('ListDeadLetters', () => {
  it('gives letters in order, page by page, filtered by what they say about themselves', async () => {
    const samples = range(12).map((n): Sample => {
      const code = n % 2 ? 'payload-not-json' : 'unmatched';
      return { n, partition: n % 2, route: n % 3 ? 'all' : '_unmatched', code };
    });
    await using platform = await withLetters([...samples, { n: 1, partition: 1, replayOf: 1 }]);
    const { control } = platform;
    const numbers = async (request: Parameters<typeof control.letters.list>[0]): Promise<number[]> =>
      (await control.letters.list(request)).letters.map(({ logSequence }) => logSequence);
    assert.deepEqual(await numbers({}), [...range(12), 1]);
    assert.deepEqual(await numbers({ filter: { route: '', code: 'unmatched' } }), [2, 4, 6, 8, 10, 12]);
    assert.deepEqual(await numbers({ filter: { route: '_unmatched', code: '', partition: 1 } }), [3, 9]);
    assert.deepEqual(
      await numbers({ filter: { route: 'all', code: '', partition: 1 } }),
      [1, 5, 7, 11, 1],
      'letters again as well',
    );
    const pages: number[][] = [];
    let after = 0;
    do {
      const { letters, nextAfter } = await control.letters.list({ after, limit: 5 });
      pages.push(letters.map(({ sequence }) => sequence));
      after = nextAfter;
    } while (after > 0);
    assert.deepEqual(pages, [
      [1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10],
      [11, 12, 13],
    ]);
    const [first] = (await control.letters.list({ limit: 1 })).letters;
    const { stored: storedAt, ...rest } = first ?? assert.fail();
    assert.ok(Math.abs((storedAt?.getTime() ?? 0) - Date.now()) < 60_000);
    assert.deepEqual(rest, {
      ...{ sequence: 1, partition: 1, logSequence: 1, row: 1, route: 'all' },
      ...{ code: 'payload-not-json', reason: 'reason 1', mappingVersion: 3, attempts: 1 },
      ...{ firstSeen: new Date(1_700_000_001_000), replayOf: 0 },
    });
  });

  it('gives nothing where there is nothing, at once', async () => {
    await using platform = await withLetters([]);
    assert.deepEqual(await platform.control.letters.list(), { letters: [], nextAfter: 0 });
  });
});

describe('GetDeadLetter', () => {
  it('shows the message, the record that was refused, or the bytes that are neither', async () => {
    const garbage = Buffer.from('no row');
    await using platform = await withLetters([
      { n: 1 },
      { n: 2, record: 'whole' },
      { n: 3, record: 'alone' },
      { n: 4, route: '_envelope', value: garbage },
    ]);
    const { letters } = platform.control;
    const { letter, message, record, unreadable } = await letters.get(1);
    assert.deepEqual([letter?.reason, record, unreadable.length], ['reason 1', undefined, 0]);
    const { topic, clientId, username, qos, retain, protocolVersion, received, payload, properties } =
      message ?? assert.fail();
    assert.deepEqual(
      { topic, clientId, username, qos, retain, protocolVersion },
      { topic: 'dev/1', clientId: 'client-1', username: 'ada', qos: 2, retain: true, protocolVersion: 5 },
    );
    assert.deepEqual([received, String(payload)], [new Date(1_700_000_000_001), 'payload 1']);
    assert.deepEqual(
      [properties?.contentType, properties?.correlationData, properties?.user, properties?.messageExpiry],
      ['text/plain', Buffer.from([1, 2]), [{ name: 'a', value: '1' }], undefined],
    );
    const refused = await letters.get(2);
    assert.deepEqual([refused.message?.topic, refused.record?.topic], ['dev/2', 'orders']);
    assert.deepEqual([String(refused.record?.key), String(refused.record?.value)], ['key', 'value']);
    assert.deepEqual(refused.record?.headers, [{ name: 'mqtt.qos', value: Buffer.from('1') }]);
    const alone = await letters.get(3);
    assert.deepEqual([alone.message, String(alone.record?.value)], [undefined, 'value']);
    const neither = await letters.get(4);
    assert.deepEqual([neither.message, neither.record, neither.unreadable], [undefined, undefined, garbage]);
  });
});

describe('ReplayDeadLetters', () => {
  it('asks once for each letter, whichever control-plane is told, and again once that is done', async () => {
    await using platform = await withLetters(range(100).map((n) => ({ n, partition: n % 2 })));
    const { fixture, control } = platform;
    const other = await fixture.controlPlane();
    const all = { filter: { route: '', code: '' } };
    const answers = await Promise.all([control, other, control].map(({ letters }) => letters.replay(all)));
    const sum = (of: 'requested' | 'pending'): number =>
      answers.reduce((total, answer) => total + answer[of], 0);
    assert.deepEqual([sum('requested'), sum('pending')], [100, 200]);
    const requests = await stored(fixture, streamNames.replays('main'));
    assert.equal(new Set(requests.map(({ subject }) => subject)).size, 100);
    const seventh = requests.find(({ subject }) => subject.endsWith('.7'));
    assert.deepEqual(seventh, { subject: 'trib.v1.replay.main.1.7', data: 'trib.v1.dead.main.1.7.1.all' });
    await fixture.manager.streams.purge(streamNames.replays('main'), { filter: 'trib.v1.replay.main.1.7' });
    const once = await control.letters.replay({ ids: { sequences: [7, 7, 8, 999] } });
    assert.deepEqual(once, { requested: 1, pending: 1, missing: 1, nextAfter: 0 });
    const metrics = await (await control.proc.get('/metrics')).text();
    assert.match(metrics, /tributary_control_letter_replays_total\{cluster="main"\} \d+/);
  });

  it('takes no more than its limit and says where to go on', async () => {
    await using platform = await withLetters(range(10).map((n) => ({ n, code: n % 2 ? 'odd' : 'even' })));
    const { letters } = platform.control;
    const filter = { route: '', code: 'odd' };
    assert.deepEqual(await letters.replay({ filter, limit: 3 }), {
      ...{ requested: 3, pending: 0, missing: 0, nextAfter: 5 },
    });
    assert.deepEqual(await letters.replay({ filter, after: 5 }), {
      ...{ requested: 2, pending: 0, missing: 0, nextAfter: 0 },
    });
  });

  it('creates the stream of requests where an earlier release has applied the mapping', async () => {
    await using platform = await withLetters([{ n: 1 }]);
    const { fixture, control } = platform;
    const { name } = replayStream('main', 1);
    await fixture.manager.streams.delete(name);
    assert.equal((await control.letters.replay({ ids: { sequences: [1] } })).requested, 1);
    assert.equal((await stored(fixture, name)).length, 1);
  });
});

describe('DiscardDeadLetters', () => {
  it('removes what was meant and nothing else', async () => {
    await using platform = await withLetters(range(6).map((n) => ({ n, route: n > 4 ? 'other' : 'all' })));
    const { fixture, control } = platform;
    const { letters } = control;
    assert.deepEqual(await letters.discard({ ids: { sequences: [2, 99] } }), {
      ...{ discarded: 1, missing: 1, nextAfter: 0 },
    });
    assert.equal((await letters.discard({ filter: { route: 'other', code: '' } })).discarded, 2);
    const left = await stored(fixture, streamNames.deadLetters('main'));
    assert.deepEqual(
      left.map(({ subject }) => subject),
      [1, 3, 4].map((n) => `trib.v1.dead.main.0.${n}.1.all`),
    );
    await until(async () => {
      const metrics = await (await control.proc.get('/metrics')).text();
      return (
        /tributary_control_dead_letters\{cluster="main"\} 3\n/.test(metrics) &&
        /tributary_control_dead_letter_oldest_seconds\{cluster="main"\} [\d.]+\n/.test(metrics) &&
        /tributary_control_letters_discarded_total\{cluster="main"\} 3\n/.test(metrics)
      );
    });
  });
});

describe('what is asked wrongly', () => {
  it('is told with the field that is at fault', async () => {
    await using platform = await withLetters([{ n: 1 }]);
    const { letters } = platform.control;
    const nothing = { route: '', code: '' };
    const cases: [what: () => Promise<unknown>, code: status, field: RegExp][] = [
      [() => letters.list({ cluster: 'other' }), status.NOT_FOUND, /cluster.*"other"/],
      [() => letters.get(77), status.NOT_FOUND, /sequence.*77/],
      [() => letters.get(1, 'other'), status.NOT_FOUND, /cluster/],
      [() => letters.replay({ cluster: 'other', filter: nothing }), status.NOT_FOUND, /cluster/],
      [() => letters.discard({ cluster: 'other', ids: { sequences: [1] } }), status.NOT_FOUND, /cluster/],
      [() => letters.list({ cluster: 'Not A Name' }), status.INVALID_ARGUMENT, /^\d+ \w+: cluster:/],
      [() => letters.list({ limit: 1_001 }), status.INVALID_ARGUMENT, /limit/],
      [() => letters.list({ filter: { route: 'a.>', code: '' } }), status.INVALID_ARGUMENT, /filter\.route/],
      [
        () => letters.list({ filter: { ...nothing, partition: 2 } }),
        status.INVALID_ARGUMENT,
        /filter\.partition/,
      ],
      [() => letters.get(0), status.INVALID_ARGUMENT, /sequence/],
      [() => letters.replay({}), status.INVALID_ARGUMENT, /selection/],
      [() => letters.replay({ filter: nothing, limit: 10_001 }), status.INVALID_ARGUMENT, /limit/],
      [() => letters.discard({ ids: { sequences: [] } }), status.INVALID_ARGUMENT, /ids\.sequences/],
      [() => letters.discard({ ids: { sequences: [1, 0] } }), status.INVALID_ARGUMENT, /ids\.sequences/],
      [
        () => letters.discard({ ids: { sequences: range(10_001) } }),
        status.INVALID_ARGUMENT,
        /ids\.sequences/,
      ],
    ];
    for (const [call, code, message] of cases) await assert.rejects(call(), { code, message });
    assert.equal((await letters.list()).letters.length, 1, 'nothing was discarded');
  });
});

it('is known by reflection: an operator needs the address only', async () => {
  await using platform = await withLetters([{ n: 1 }]);
  const buf = fileURLToPath(new URL('../../../../node_modules/@bufbuild/buf/bin/buf', import.meta.url));
  const address = platform.control.proc.endpoint('grpc');
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[buf, 'curl', '--protocol', 'grpc', '--http2-prior-knowledge', '-d', '{"cluster":"main"}'],
    `http://${address}/tributary.control.v1.DeadLetterService/ListDeadLetters`,
  ]);
  assert.equal((JSON.parse(stdout) as { letters: { code: string }[] }).letters[0]?.code, 'payload-not-json');
});
