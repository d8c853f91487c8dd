import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TemporaryFolder, WORKSPACE } from '@tributary/testing';
import { parseRecording, readRecording } from '../../src/recording/recording.ts';

const good = '{"at":"2024-01-01T00:00:00.5Z","topic":"/hfp/v2/a/b/c/d/e/1","payload":"{}"}';

test('the recording of the repository is read whole', () => {
  const messages = readRecording(join(WORKSPACE, 'tools', 'demo', 'data', 'hsl-hfp.jsonl.gz'));
  assert.equal(messages.length, 1985);
  assert.ok(messages.every(({ atMs }, i) => atMs >= (messages[i - 1]?.atMs ?? 0)));
  assert.ok(messages.some(({ topic }) => topic.includes('Paloheinä')));
});

test('a file may be compressed or not, whatever its name', () => {
  using folder = new TemporaryFolder('recording');
  const [plain, packed] = [join(folder.path, 'a.jsonl.gz'), join(folder.path, 'b.jsonl')];
  writeFileSync(plain, `${good}\n`);
  writeFileSync(packed, gzipSync(`${good}\n`));
  assert.deepEqual(readRecording(plain), readRecording(packed));
  assert.deepEqual(readRecording(plain), [
    { atMs: Date.UTC(2024, 0, 1, 0, 0, 0, 500), topic: '/hfp/v2/a/b/c/d/e/1', payload: '{}' },
  ]);
  writeFileSync(packed, gzipSync(good).subarray(0, 30));
  assert.throws(() => readRecording(packed), /b\.jsonl cannot be read: unexpected end of file/);
  assert.throws(() => readRecording(join(folder.path, 'none')), /none cannot be read: ENOENT/);
});

test('messages come in order of their time; those of one time as they stand in the file', () => {
  const line = (at: string, payload: string) => JSON.stringify({ at, topic: 't', payload });
  const text = [
    line('2024-01-01T00:00:02Z', 'c'),
    line('2024-01-01T00:00:01Z', 'a'),
    '',
    line('2024-01-01T02:00:01+02:00', 'b'),
  ].join('\n');
  assert.equal(
    parseRecording(text, 'f')
      .map(({ payload }) => payload)
      .join(''),
    'abc',
  );
});

const bad: [line: string, reason: RegExp][] = [
  ['{"at":', /not JSON/],
  ['[]', /not a JSON object/],
  ['{"topic":"t","payload":""}', /"at" is missing, not a text/],
  ['{"at":"yesterday","topic":"t","payload":""}', /"at" is no ISO time with a zone: "yesterday"/],
  ['{"at":"2024-13-01T00:00:00Z","topic":"t","payload":""}', /"at" is no ISO time/],
  ['{"at":"2024-01-01T00:00:00Z","payload":""}', /"topic" is missing/],
  ['{"at":"2024-01-01T00:00:00Z","topic":"","payload":""}', /"topic" is empty/],
  ['{"at":"2024-01-01T00:00:00Z","topic":"a/+/b","payload":""}', /"topic" contains a wildcard: "a\/\+\/b"/],
  ['{"at":"2024-01-01T00:00:00Z","topic":"$SYS/x","payload":""}', /"topic" begins with \$/],
  ['{"at":"2024-01-01T00:00:00Z","topic":"t","payload":{"a":1}}', /"payload" is an object, not a text/],
];
for (const [line, reason] of bad) {
  test(`a bad line is named with its number and reason: ${line}`, () => {
    assert.throws(
      () => parseRecording(`${good}\n${line}\n${good}`, 'some.jsonl'),
      (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /^some\.jsonl:2: /);
        assert.match(error.message, reason);
        return true;
      },
    );
  });
}

test('many bad lines are counted, not listed', () => {
  assert.throws(() => parseRecording('x\n'.repeat(12), 'f'), /f:5: [\s\S]*and 7 more bad lines/);
});

test('a file without messages is an error', () => {
  assert.throws(() => parseRecording('\n\n', 'f'), /f holds no messages/);
});
