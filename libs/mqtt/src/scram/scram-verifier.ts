import { isUtf8 } from 'node:buffer';
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { saslPrepare } from './sasl-prepare.ts';

/** What a server keeps of a password (RFC 5802, 3): enough to check it, not enough to use it elsewhere. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  /** 32 bytes. */
  readonly storedKey: Uint8Array;
  /** 32 bytes. */
  readonly serverKey: Uint8Array;
}

/** Bytes of a key: those of SHA-256. */
export const SCRAM_KEY_BYTES = 32;
/** The least RFC 7677 allows. */
export const LEAST_ITERATIONS = 4096;

const derive = promisify(pbkdf2);

/**
 * Works outside the event loop, for as long as `iterations` takes.
 * @param password bytes that are no UTF-8 are taken as they are
 */
export async function scramVerifier(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramVerifier> {
  const salted = await derive(preparedPassword(password), salt, iterations, SCRAM_KEY_BYTES, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  return { iterations, salt, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') };
}

/** Whether `password` is the one that `verifier` was made of. */
export async function matchesVerifier(password: Uint8Array, verifier: ScramVerifier): Promise<boolean> {
  const { storedKey } = await scramVerifier(password, verifier.salt, verifier.iterations);
  return timingSafeEqual(storedKey, verifier.storedKey);
}

/** As `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, which is how PostgreSQL writes it, too. */
export function formatVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  return `SCRAM-SHA-256$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}

const FORM = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*):([A-Za-z0-9+/]+=*)$/;

/** Reads what `formatVerifier` wrote; a string says what is wrong with it. */
export function parseVerifier(text: string): ScramVerifier | string {
  const match = FORM.exec(text);
  if (match === null) {
    return 'it is not SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, the last three in base64';
  }
  const [, count = '', ...parts] = match;
  const [salt, storedKey, serverKey] = parts.map((part) => Buffer.from(part, 'base64'));
  if (salt === undefined || storedKey === undefined || serverKey === undefined) return 'a part is missing';
  const iterations = Number(count);
  if (iterations < LEAST_ITERATIONS)
    return `${iterations} iterations are less than ${LEAST_ITERATIONS} (RFC 7677)`;
  if (storedKey.length !== SCRAM_KEY_BYTES || serverKey.length !== SCRAM_KEY_BYTES) {
    return `StoredKey and ServerKey have ${SCRAM_KEY_BYTES} bytes, these have ${storedKey.length} and ${serverKey.length}`;
  }
  return { iterations, salt, storedKey, serverKey };
}

export function hmac(key: Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

export function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function preparedPassword(bytes: Uint8Array): Uint8Array {
  return isUtf8(bytes) ? Buffer.from(saslPrepare(Buffer.from(bytes).toString('utf8')), 'utf8') : bytes;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
