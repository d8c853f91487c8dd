import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScramClient } from '@tributary/testing';
import fc from 'fast-check';
import {
  authenticateByScram,
  formatVerifier,
  matchesVerifier,
  parseVerifier,
  saslPrepare,
  scramVerifier,
  type ScramOutcome,
  type ScramUser,
  type ScramVerifier,
} from '../../src/mod.ts';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const verifierOf = (password: string): Promise<ScramVerifier> =>
  scramVerifier(Buffer.from(password), salt, 4096);
const pencil = await verifierOf('pencil');
const known = (user: string): ScramUser => ({ verifier: pencil, isKnown: user === 'user' });

/** Runs an exchange in which `answer` makes the final message of the server's first. */
async function run(
  first: string | Buffer,
  answer: (serverFirst: string) => string | Buffer,
  find = known,
  nonce?: string,
): Promise<ScramOutcome & { asked: string | null }> {
  let asked: string | null = null;
  const exchange = {
    data: Buffer.from(first),
    challenge: (data: Uint8Array) => {
      asked = Buffer.from(data).toString();
      return Promise.resolve(Buffer.from(answer(asked)));
    },
  };
  const outcome = await authenticateByScram(exchange, find, nonce);
  return { ...outcome, asked };
}

test('the exchange of RFC 7677', async () => {
  const outcome = await run(
    'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    () =>
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    known,
    '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  );
  assert.equal(
    outcome.asked,
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  );
  assert.ok(outcome.ok);
  assert.equal(Buffer.from(outcome.last).toString(), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

/** Headers of a client, and whether it may go on. */
const headers: [header: string, ok: boolean][] = [
  ['n,,', true],
  ['y,,', true],
  ['n,a=user,', true],
  ['n,a=admin,', false],
];

test('a client without channel binding, whatever it believes of the server, for itself', async () => {
  for (const [header, ok] of headers) {
    const client = new ScramClient('user', 'pencil', { header });
    const outcome = await run(client.first, (serverFirst) => client.answer(serverFirst));
    assert.equal(outcome.ok, ok, header);
    if (outcome.ok) {
      assert.equal(outcome.user, 'user');
      assert.equal(Buffer.from(outcome.last).toString(), client.expected, 'the client can trust the server');
    } else assert.equal(outcome.detail, 'user name or password is wrong');
  }
});

test('a user nobody knows is asked and refused like a wrong password', async () => {
  const results: unknown[] = [];
  for (const [user, password] of [
    ['user', 'wrong'],
    ['nobody', 'pencil'],
  ] as const) {
    const client = new ScramClient(user, password, { nonce: 'same' });
    results.push(await run(client.first, (serverFirst) => client.answer(serverFirst), known, 'nonce'));
  }
  assert.deepEqual(results[0], results[1]);
  assert.ok(
    results.every((result) => !(result as ScramOutcome).ok),
    'although the proof of the second is right',
  );
});

/** First messages that are refused before anything is asked. */
const firsts: [name: string, first: string | Buffer, detail: RegExp][] = [
  ['empty', '', /first message/],
  ['channel binding', 'p=tls-exporter,,n=user,r=abc', /channel binding/],
  ['a mandatory extension', 'n,,m=x,n=user,r=abc', /extension/],
  ['no nonce', 'n,,n=user', /first message/],
  ['an empty nonce', 'n,,n=user,r=', /first message/],
  ['a nonce with a space', 'n,,n=user,r=a b', /first message/],
  ['no user', 'n,,r=abc', /first message/],
  ['an empty user', 'n,,n=,r=abc', /first message/],
  ['a bad escape', 'n,,n=us=er,r=abc', /=2C/],
  ['no header', 'n=user,r=abc', /first message/],
  ['not UTF-8', Buffer.from([0x6e, 0x2c, 0x2c, 0x6e, 0x3d, 0xff]), /UTF-8/],
];

test('a first message that is wrong is refused before a challenge', async () => {
  for (const [name, first, detail] of firsts) {
    const outcome = await run(first, () => assert.fail('asked'));
    assert.ok(!outcome.ok, name);
    assert.match(outcome.detail, detail, name);
  }
});

/** Changes to a right final message. */
const finals: [name: string, change: (final: string) => string | Buffer][] = [
  ['nothing', () => ''],
  ['not UTF-8', () => Buffer.from([0xff])],
  ['no proof', (final) => final.replace(/,p=.*/, '')],
  ['a short proof', (final) => final.replace(/,p=.*/, ',p=AAAA')],
  ['a proof of zeros', (final) => final.replace(/,p=.*/, `,p=${Buffer.alloc(32).toString('base64')}`)],
  ['another nonce', (final) => final.replace(/r=.../, 'r=xyz')],
  ['the nonce of the client alone', (final) => final.replace(/r=[^,]*,/, 'r=mine,')],
  ['another header', (final) => final.replace(/c=[^,]*/, `c=${Buffer.from('y,,').toString('base64')}`)],
  ['an extension that was not proved', (final) => final.replace(',p=', ',x=1,p=')],
];

test('a final message that is changed proves nothing', async () => {
  for (const [name, change] of finals) {
    const client = new ScramClient('user', 'pencil', { nonce: 'mine' });
    const outcome = await run(client.first, (serverFirst) => change(client.answer(serverFirst)));
    assert.equal(outcome.ok, false, name);
  }
});

/** What somebody in between could have changed, and the client proves all the same. */
const proved: [instead: { header?: string; nonce?: string }, detail: RegExp][] = [
  [{ header: 'y,,' }, /channel binding has changed/],
  [{ nonce: 'mine' }, /nonce is not the one/],
  [{ nonce: 'mine-and-another' }, /nonce is not the one/],
];

test('a proof of another header or nonce is not taken, right as it is', async () => {
  for (const [instead, detail] of proved) {
    const client = new ScramClient('user', 'pencil', { nonce: 'mine' });
    const outcome = await run(client.first, (serverFirst) => client.answer(serverFirst, instead));
    assert.ok(!outcome.ok);
    assert.match(outcome.detail, detail);
  }
});

test('each exchange has a nonce of its own, so an old answer is worth nothing', async () => {
  const client = new ScramClient('user', 'pencil', { nonce: 'mine' });
  let old = '';
  const first = await run(client.first, (serverFirst) => (old = client.answer(serverFirst)));
  assert.ok(first.ok);
  const replay = await run(client.first, () => old);
  assert.ok(!replay.ok);
  assert.notEqual(replay.asked, first.asked);
});

test('any user and password get through, and no other password does', async () => {
  const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).map(saslPrepare).filter(Boolean);
  await fc.assert(
    fc.asyncProperty(word, word, word, async (user, password, other) => {
      const verifier = await verifierOf(password);
      const find = (name: string): ScramUser => ({ verifier, isKnown: name === user });
      for (const tried of new Set([password, other])) {
        const client = new ScramClient(user, tried);
        const outcome = await run(client.first, (serverFirst) => client.answer(serverFirst), find);
        assert.equal(outcome.ok, tried === password);
        assert.equal(await matchesVerifier(Buffer.from(tried), verifier), tried === password);
      }
    }),
    { numRuns: 25 },
  );
});

test('a verifier is read as it was written, and says what is wrong with it', () => {
  const text = formatVerifier(pencil);
  assert.match(text, /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[^:]{44}:[^:]{44}$/);
  const read = parseVerifier(text);
  assert.ok(typeof read !== 'string');
  assert.equal(formatVerifier(read), text);
  for (const [broken, problem] of [
    ['', /is not SCRAM-SHA-256/],
    [text.replace('4096', '4095'), /4095 iterations/],
    [text.replace('SHA-256', 'SHA-1'), /is not SCRAM-SHA-256/],
    [text.slice(0, -8), /32 bytes, these have 32 and 27/],
    [`${text} `, /is not SCRAM-SHA-256/],
  ] as const) {
    const problems = parseVerifier(broken);
    assert.ok(typeof problems === 'string');
    assert.match(problems, problem);
  }
});

test('passwords that look the same are the same (RFC 4013); bytes that are no text are themselves', async () => {
  const verifier = await verifierOf('\u2168 x\u00ad');
  assert.ok(await matchesVerifier(Buffer.from('IX\u00a0x'), verifier));
  const raw = await scramVerifier(Buffer.from([0xff, 0xfe]), salt, 4096);
  assert.ok(await matchesVerifier(Buffer.from([0xff, 0xfe]), raw));
  assert.ok(!(await matchesVerifier(Buffer.from([0xfe, 0xff]), raw)));
});
