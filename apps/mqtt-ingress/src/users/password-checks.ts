import { createHmac, randomBytes } from 'node:crypto';
import { matchesVerifier, type ScramUser } from '@tributary/mqtt';
import { Slots } from '../connect/slots.ts';

/** Passwords derived at the same time: half of the threads Node has for this, for files and for DNS. */
const AT_ONCE = 2;
/** Checks that wait; more are refused as "busy". */
const MAX_WAITING = 10_000;
/** Passwords remembered, about 200 bytes each. */
const MAX_REMEMBERED = 100_000;

/**
 * Checks plain passwords. To derive one takes milliseconds, and devices that come back by the thousand bring the same
 * ones again, so a password that was right is remembered: as an HMAC over the verifier it was checked against and the
 * password, under a key that is made at start and never leaves the process. That gives nothing away:
 *
 * - Only a right password is remembered, and only the very same one against the very same verifier is found again. A
 *   changed or deleted line of the file is a verifier nobody remembers.
 * - A wrong password takes as long as ever, whether the user exists and whether its password is remembered or not.
 * - Who can read the memory of the process can read passwords as they arrive, too.
 */
export class PasswordChecks {
  readonly #slots: Slots;
  readonly #matches: typeof matchesVerifier;
  readonly #key = randomBytes(32);
  /** Digests of right passwords, oldest first. */
  readonly #right = new Set<string>();
  /** Under way: a thousand devices of one user cost one derivation. */
  readonly #underWay = new Map<string, Promise<boolean>>();

  /** @param matches derives, and takes milliseconds */
  constructor(maxWaiting = MAX_WAITING, matches = matchesVerifier) {
    this.#slots = new Slots(AT_ONCE, maxWaiting);
    this.#matches = matches;
  }

  get waiting(): number {
    return this.#slots.waiting;
  }

  /** @throws IngressError 'busy' */
  check(password: Uint8Array, user: ScramUser): Promise<boolean> {
    const digest = createHmac('sha256', this.#key)
      .update(user.verifier.storedKey)
      .update(user.verifier.salt)
      .update(password)
      .digest('base64');
    if (this.#right.has(digest)) return Promise.resolve(true);
    const underWay = this.#underWay.get(digest);
    if (underWay !== undefined) return underWay;
    const checking = this.#derive(password, user, digest).finally(() => this.#underWay.delete(digest));
    this.#underWay.set(digest, checking);
    return checking;
  }

  async #derive(password: Uint8Array, { verifier, isKnown }: ScramUser, digest: string): Promise<boolean> {
    const matches = await this.#slots.use(null, () => this.#matches(password, verifier));
    if (!matches || !isKnown) return false;
    this.#right.add(digest);
    const [oldest] = this.#right;
    if (this.#right.size > MAX_REMEMBERED && oldest !== undefined) this.#right.delete(oldest);
    return true;
  }
}
