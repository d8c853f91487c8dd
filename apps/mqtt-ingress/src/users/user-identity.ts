import {
  authenticateByScram,
  ReasonCode,
  saslPrepare,
  SCRAM_SHA_256,
  type AuthenticationExchange,
  type AuthenticationVerdict,
  type ConnectRequest,
} from '@tributary/mqtt';
import { EMPTY } from '@tributary/contracts';
import type { Identity, IdentityVerdict, Principal } from '../connect/identity.ts';
import { PasswordChecks } from './password-checks.ts';
import type { UsersSource } from './users-source.ts';

/** Said of every user that is not let in: whether the name or the password was wrong is nobody's business. */
const WRONG = 'user name or password is wrong';

/**
 * The identity of a node with users: by user name and password, or by SCRAM-SHA-256. A user name alone is nobody.
 */
export class UserIdentity implements Identity {
  readonly #users: Pick<UsersSource, 'current'>;
  readonly #anonymous: boolean;
  readonly #passwords = new PasswordChecks();

  /** @param anonymous who brings no credentials may connect as well */
  constructor(users: Pick<UsersSource, 'current'>, anonymous: boolean) {
    this.#users = users;
    this.#anonymous = anonymous;
  }

  async verify({ username, password, authentication }: ConnectRequest): Promise<IdentityVerdict> {
    if (authentication !== undefined) return this.#byExchange(authentication);
    if (username === undefined && password === undefined) {
      if (this.#anonymous) return { ok: true, principal: { username: EMPTY } };
      return refused(ReasonCode.NOT_AUTHORIZED, 'anonymous connections are not allowed');
    }
    const user = this.#users.current.find(username ?? '');
    const right = await this.#passwords.check(password ?? EMPTY, user);
    if (username === undefined || !right) return refused(ReasonCode.BAD_USER_NAME_OR_PASSWORD, WRONG);
    return { ok: true, principal: principalOf(saslPrepare(username)) };
  }

  async authenticate(principal: Principal, exchange: AuthenticationExchange): Promise<AuthenticationVerdict> {
    const verdict = await this.#byExchange(exchange);
    if (!verdict.ok) return { accept: false, reason: verdict.reason, detail: verdict.detail };
    // What the connection sent and subscribed to belongs to who it began as.
    if (Buffer.compare(verdict.principal.username, principal.username) !== 0) {
      return {
        accept: false,
        reason: ReasonCode.NOT_AUTHORIZED,
        detail: 'this connection is of another user',
      };
    }
    return { accept: true, ...(verdict.last !== undefined && { data: verdict.last }) };
  }

  async #byExchange(exchange: AuthenticationExchange): Promise<IdentityVerdict> {
    if (exchange.method !== SCRAM_SHA_256) {
      return refused(ReasonCode.BAD_AUTHENTICATION_METHOD, `the only method is ${SCRAM_SHA_256}`);
    }
    const outcome = await authenticateByScram(exchange, (user) => this.#users.current.find(user));
    if (!outcome.ok) return refused(ReasonCode.NOT_AUTHORIZED, outcome.detail);
    return { ok: true, principal: principalOf(outcome.user), last: outcome.last };
  }
}

function principalOf(username: string): Principal {
  return { username: Buffer.from(username, 'utf8') };
}

function refused(reason: number, detail: string): IdentityVerdict {
  return { ok: false, reason, detail };
}
