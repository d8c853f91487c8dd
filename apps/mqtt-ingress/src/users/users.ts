import { createHmac } from 'node:crypto';
import { LEAST_ITERATIONS, saslPrepare, SCRAM_KEY_BYTES, type ScramUser } from '@tributary/mqtt';
import type { UsersContent } from './users-file.ts';

const SALT_BYTES = 16;

/** Who may connect with which password. */
export class Users {
  readonly #content: UsersContent;
  /** Of all users, so that one who does not exist has one that somebody has. */
  readonly #iterations: readonly number[];

  constructor(content: UsersContent) {
    this.#content = content;
    this.#iterations = [...content.verifiers.values()].map(({ iterations }) => iterations);
  }

  get size(): number {
    return this.#content.verifiers.size;
  }

  /**
   * What is kept of a user. A name nobody has gets a verifier that no password matches: as salted and as costly as
   * another's, and always the same, on every node and after every restart.
   */
  find(name: string): ScramUser {
    const prepared = saslPrepare(name);
    // Made up in any case, so that both take the same time.
    const madeUp = this.#madeUp(prepared);
    const verifier = this.#content.verifiers.get(prepared);
    return verifier === undefined ? madeUp : { verifier, isKnown: true };
  }

  #madeUp(name: string): ScramUser {
    const derive = (purpose: string): Buffer =>
      createHmac('sha256', this.#content.seed).update(`${purpose}\0${name}`).digest();
    const place = derive('iterations').readUInt32BE() % Math.max(this.#iterations.length, 1);
    const verifier = {
      iterations: this.#iterations[place] ?? LEAST_ITERATIONS,
      salt: derive('salt').subarray(0, SALT_BYTES),
      storedKey: derive('stored key').subarray(0, SCRAM_KEY_BYTES),
      serverKey: derive('server key').subarray(0, SCRAM_KEY_BYTES),
    };
    return { verifier, isKnown: false };
  }
}
