import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scramVerifier, type ScramUser } from '@tributary/mqtt';
import { PasswordChecks } from '../../src/users/password-checks.ts';

/** Enough iterations that a derivation can be told from a look-up. */
const ITERATIONS = 100_000;

async function userOf(password: string, isKnown = true): Promise<ScramUser> {
  const salt = Buffer.from(`salt of ${password}`);
  return { verifier: await scramVerifier(Buffer.from(password), salt, ITERATIONS), isKnown };
}

async function timed(check: Promise<boolean>): Promise<{ right: boolean; ms: number }> {
  const began = performance.now();
  const right = await check;
  return { right, ms: performance.now() - began };
}

test('a right password is remembered; a wrong one is derived each time, remembered user or not', async () => {
  const checks = new PasswordChecks();
  const [known, stranger] = [await userOf('secret'), await userOf('other', false)];
  const check = (password: string, user: ScramUser) => timed(checks.check(Buffer.from(password), user));
  const first = await check('secret', known);
  assert.ok(first.right);
  const again = await check('secret', known);
  assert.ok(again.right && again.ms < first.ms / 5, `${again.ms} ms after ${first.ms} ms`);
  for (let turn = 0; turn < 2; turn++) {
    for (const [password, user] of [
      ['wrong', known],
      ['wrong', stranger],
      // Even if somebody finds what matches a verifier that was made up.
      ['other', stranger],
    ] as const) {
      const { right, ms } = await check(password, user);
      assert.equal(right, false);
      assert.ok(ms > first.ms / 5, `${ms} ms`);
    }
  }
});

test('another verifier of the same user is another password', async () => {
  const checks = new PasswordChecks();
  assert.ok(await checks.check(Buffer.from('secret'), await userOf('secret')));
  assert.equal(await checks.check(Buffer.from('secret'), await userOf('changed')), false);
});

test('a thousand devices of one user cost one derivation, and the event loop goes on', async () => {
  const checks = new PasswordChecks();
  const user = await userOf('secret');
  let turns = 0;
  const turning = setInterval(() => turns++, 1);
  const one = await timed(new PasswordChecks().check(Buffer.from('secret'), user));
  const all = await timed(
    Promise.all(Array.from({ length: 1_000 }, () => checks.check(Buffer.from('secret'), user))).then((each) =>
      each.every(Boolean),
    ),
  );
  clearInterval(turning);
  assert.ok(all.right);
  assert.ok(all.ms < one.ms * 5 + 50, `${all.ms} ms, one takes ${one.ms} ms`);
  assert.ok(turns > 2, `${turns} turns`);
});

test('checks that wait are bounded', async () => {
  const checks = new PasswordChecks(100);
  const salt = Buffer.from('salt');
  const user = { verifier: await scramVerifier(Buffer.from('secret'), salt, 4096), isKnown: true };
  const outcomes = await Promise.allSettled(
    Array.from({ length: 200 }, (_, n) => checks.check(Buffer.from(`guess ${n}`), user)),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 98);
});
