import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesVerifier, scramVerifier } from '@tributary/mqtt';
import { withUser } from '../../src/users/users-edit.ts';
import { nameOf, parseUsers, userLine, type UsersContent } from '../../src/users/users-file.ts';
import { Users } from '../../src/users/users.ts';

const verifier = await scramVerifier(Buffer.from('secret'), Buffer.from('0123456789abcdef'), 4096);
const seed = 'seed: 3q2+796tvu/erb7v3q2+796tvu/erb7v';
const alice = userLine('alice', verifier);

function contentOf(text: string): UsersContent {
  const parsed = parseUsers(text);
  assert.ok('content' in parsed, JSON.stringify(parsed));
  return parsed.content;
}

test('names with spaces, comments and empty lines', () => {
  const text = `# users\n\n${seed}\n${alice}\r\n${userLine('Gateway 7, north=1', verifier)}\n`;
  assert.deepEqual([...contentOf(text).verifiers.keys()], ['alice', 'Gateway 7, north=1']);
});

/** Lines, and what is found: its line, and words of its message. */
const broken: [name: string, lines: string[], line: number, message: RegExp][] = [
  ['no seed', [alice], 1, /no seed; write "seed: ".*openssl rand/],
  ['a short seed', ['seed: 3q2+7w==', alice], 1, /less than 16 bytes/],
  ['a name alone', [seed, 'bob'], 2, /a name, a space and a verifier.*npm run users/],
  ['a plain password', [seed, 'bob secret'], 2, /a name, a space and a verifier/],
  ['a name twice', [seed, alice, '', alice], 4, /"alice" is in line 2 already/],
  ['few iterations', [seed, alice.replace('$4096:', '$100:')], 2, /100 iterations are less than 4096.*npm run users/],
  ['many iterations', [seed, alice.replace('$4096:', '$99999999:')], 2, /more than 1000000/],
  ['a key cut off', [seed, alice.slice(0, -9)], 2, /verifier of "alice".*32 bytes/],
  ['a control character', [seed, alice.replace('alice', 'al\u0007ice')], 2, /control character/],
  ['a long name', [seed, alice.replace('alice', 'a'.repeat(257))], 2, /longer than 256 bytes/],
  ['a name to be written otherwise', [seed, alice.replace('alice', 'Ⅸ')], 2, /must be written "IX"/],
]; // prettier-ignore

for (const [name, lines, line, message] of broken) {
  test(`a file with ${name} says where and what to do`, () => {
    const parsed = parseUsers(lines.join('\n'));
    assert.ok('findings' in parsed);
    assert.equal(parsed.findings.length, 1);
    assert.equal(parsed.findings[0]?.line, line);
    assert.match(parsed.findings[0]?.message ?? '', message);
  });
}

test('all findings at once, but no more than are read', () => {
  const parsed = parseUsers([seed, ...Array<string>(100).fill('bob')].join('\n'));
  assert.ok('findings' in parsed);
  assert.equal(parsed.findings.length, 20);
});

test('a user is added to a new file, to an old one, and replaced in its place', async () => {
  const first = withUser('', 'alice', verifier);
  assert.match(first, /^# .*\nseed: [^\n]{44}\nalice SCRAM-SHA-256\$[^\n]+\n$/);
  const second = withUser(first, 'bob', verifier);
  assert.ok(second.startsWith(first), 'what was there stays, its seed included');
  const other = await scramVerifier(Buffer.from('other'), Buffer.from('0123456789abcdef'), 5000);
  const third = withUser(second, 'alice', other);
  assert.deepEqual(
    third.split('\n').map((line) => nameOf(line)),
    second.split('\n').map((line) => nameOf(line)),
  );
  const { verifiers } = contentOf(third);
  assert.ok(await matchesVerifier(Buffer.from('other'), verifiers.get('alice')!));
  assert.ok(await matchesVerifier(Buffer.from('secret'), verifiers.get('bob')!));
});

test('who does not exist looks like who does, today and after the next user', () => {
  const expensive = alice.replace('$4096:', '$8192:').replace('alice', 'expensive');
  const before = new Users(contentOf([seed, alice, expensive].join('\n')));
  const again = new Users(contentOf([seed, alice, expensive].join('\n')));
  const grown = new Users(contentOf([seed, alice, expensive, alice.replace('alice', 'carol')].join('\n')));
  const counts = new Set<number>();
  for (let n = 0; n < 50; n++) {
    const user = before.find(`nobody-${n}`);
    assert.equal(user.isKnown, false);
    assert.equal(user.verifier.salt.length, 16);
    assert.deepEqual(user, again.find(`nobody-${n}`), 'the same on every node and after a restart');
    assert.deepEqual(user.verifier.salt, grown.find(`nobody-${n}`).verifier.salt);
    assert.notDeepEqual(user.verifier.salt, before.find(`nobody-${n + 1}`).verifier.salt);
    counts.add(user.verifier.iterations);
  }
  assert.deepEqual([...counts].sort(), [4096, 8192], 'as often as somebody has them');
  assert.ok(before.find('alice').isKnown);
});
