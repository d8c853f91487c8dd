import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesVerifier, scramVerifier, type ScramUser } from '@tributary/mqtt';
import { PasswordChecks } from '../../src/users/password-checks.ts';

const ITERATIONS = 50_000;

async function userOf(password: string, isKnown = true): Promise<ScramUser> {
  const salt = Buffer.from(`salt of ${password}`);
  return { verifier: await scramVerifier(Buffer.from(password), salt, ITERATIONS), isKnown };
}

/** Checks whose derivations are counted. */
function counted(): { checks: PasswordChecks; derivations: () => number } {
  let derivations = 0;
  const checks = new PasswordChecks(undefined, (password, verifier) => {
    derivations++;
    return matchesVerifier(password, verifier);
  });
  return { checks, derivations: () => derivations };
}

test('a right password is remembered; a wrong one is derived each time, remembered user or not', async () => {
  const { checks, derivations } = counted();
  const [known, stranger] = [await userOf('secret'), await userOf('other', false)];
  const check = (password: string, user: ScramUser) => checks.check(Buffer.from(password), user);
  assert.equal(await check('secret', known), true);
  assert.equal(await check('secret', known), true);
  assert.equal(derivations(), 1);
  for (let turn = 0; turn < 2; turn++) {
    for (const [password, user] of [
      ['wrong', known],
      ['wrong', stranger],
      // Even if somebody finds what matches a verifier that was made up.
      ['other', stranger],
    ] as const) {
      const before = derivations();
      assert.equal(await check(password, user), false);
      assert.equal(derivations(), before + 1);
    }
  }
});

test('another verifier of the same user is another password', async () => {
  const checks = new PasswordChecks();
  assert.ok(await checks.check(Buffer.from('secret'), await userOf('secret')));
  assert.equal(await checks.check(Buffer.from('secret'), await userOf('changed')), false);
});

test('a thousand devices of one user cost one derivation, and the event loop goes on', async () => {
  const { checks, derivations } = counted();
  const user = await userOf('secret');
  let turns = 0;
  const turning = setInterval(() => turns++, 1);
  const all = await Promise.all(
    Array.from({ length: 1_000 }, () => checks.check(Buffer.from('secret'), user)),
  );
  clearInterval(turning);
  assert.ok(all.every(Boolean));
  assert.equal(derivations(), 1);
  assert.ok(turns > 0, 'the event loop stood still');
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
