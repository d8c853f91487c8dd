import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { AuthenticationExchange } from '../engine/mqtt-engine.ts';
import { saslPrepare } from './sasl-prepare.ts';
import { parseClientFinal, parseClientFirst } from './scram-messages.ts';
import { hmac, sha256, type ScramVerifier } from './scram-verifier.ts';

/** Authentication Method. */
export const SCRAM_SHA_256 = 'SCRAM-SHA-256';

/** What is kept of a user. */
export interface ScramUser {
  verifier: ScramVerifier;
  /** False: there is no such user, and the verifier is made up so that nobody can tell. */
  isKnown: boolean;
}

export type ScramOutcome =
  /** `last` proves to the client that the server knows its password, too. */
  { ok: true; user: string; last: Uint8Array } | { ok: false; detail: string };

const NONCE_BYTES = 18;

/** Said of every user that is not let in: whether the name or the password was wrong is nobody's business. */
const NOT_PROVED = 'user name or password is wrong';

/**
 * The server's side of SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677). `find` is asked once; a name nobody
 * has must cost it as much time as any other.
 * @throws what `exchange.challenge` throws
 */
export async function authenticateByScram(
  exchange: Pick<AuthenticationExchange, 'data' | 'challenge'>,
  find: (user: string) => ScramUser,
  serverNonce = randomBytes(NONCE_BYTES).toString('base64'),
): Promise<ScramOutcome> {
  const first = parseClientFirst(exchange.data ?? Buffer.alloc(0));
  if (typeof first === 'string') return { ok: false, detail: first };
  const user = saslPrepare(first.user);
  const { verifier, isKnown } = find(user);
  const nonce = first.nonce + serverNonce;
  const salt = Buffer.from(verifier.salt).toString('base64');
  const serverFirst = `r=${nonce},s=${salt},i=${verifier.iterations}`;

  const final = parseClientFinal(await exchange.challenge(Buffer.from(serverFirst, 'utf8')));
  if (typeof final === 'string') return { ok: false, detail: final };
  if (final.nonce !== nonce) return { ok: false, detail: 'the nonce is not the one of this exchange' };
  if (final.binding !== first.gs2Header) return { ok: false, detail: 'the channel binding has changed' };

  const message = `${first.bare},${serverFirst},${final.withoutProof}`;
  const proved = provesKey(final.proof, verifier, message);
  const forItself = first.authorization === '' || saslPrepare(first.authorization) === user;
  if (!isKnown || !proved || !forItself) return { ok: false, detail: NOT_PROVED };
  const signature = hmac(verifier.serverKey, message).toString('base64');
  return { ok: true, user, last: Buffer.from(`v=${signature}`, 'utf8') };
}

/** ClientProof = ClientKey xor HMAC(StoredKey, AuthMessage), and StoredKey = H(ClientKey). */
function provesKey(proof: Buffer, { storedKey }: ScramVerifier, message: string): boolean {
  const signature = hmac(storedKey, message);
  if (proof.length !== signature.length) return false;
  const clientKey = Buffer.from(signature.map((byte, index) => byte ^ proof[index]!));
  return timingSafeEqual(sha256(clientKey), storedKey);
}
