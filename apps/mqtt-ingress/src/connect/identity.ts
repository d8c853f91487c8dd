import { EMPTY } from '@tributary/contracts';
import {
  ReasonCode,
  type AuthenticationExchange,
  type AuthenticationVerdict,
  type ConnectRequest,
} from '@tributary/mqtt';

/** Who a connection belongs to. */
export interface Principal {
  /** UTF-8; empty for nobody in particular. Goes into every row of the connection. */
  username: Uint8Array;
}

export type IdentityVerdict =
  /** `last`: the server's last word in an enhanced authentication. */
  | { ok: true; principal: Principal; last?: Uint8Array }
  /** `detail` is told to the client, so it must not say more than it may know. */
  | { ok: false; reason: number; detail: string };

/** Decides who may connect. A rejected promise counts as "server unavailable", never as admission. */
export interface Identity {
  verify(request: ConnectRequest): Promise<IdentityVerdict>;
  /** Whether a connected client has proved again that it is who it was. */
  authenticate(principal: Principal, exchange: AuthenticationExchange): Promise<AuthenticationVerdict>;
}

/** A user name goes into every row of its connection. */
const MAX_USERNAME_BYTES = 256;

const NO_METHOD = {
  reason: ReasonCode.BAD_AUTHENTICATION_METHOD,
  detail: 'there are no users, so there is no method of authentication',
};

/**
 * The identity of a node without users: everybody or nobody. A user name is taken as a mere label, and only from
 * who brings no password, because a password that nobody checked must not look as if it had been.
 */
export function anonymousIdentity(allowed: boolean): Identity {
  return {
    authenticate: () => Promise.resolve({ accept: false, ...NO_METHOD }),
    verify: ({ username, password, authentication }) => {
      if (authentication !== undefined) return Promise.resolve({ ok: false, ...NO_METHOD });
      if (!allowed) {
        const reason =
          username === undefined ? ReasonCode.NOT_AUTHORIZED : ReasonCode.BAD_USER_NAME_OR_PASSWORD;
        return Promise.resolve({ ok: false, reason, detail: 'anonymous connections are not allowed' });
      }
      const label = username !== undefined && password === undefined ? Buffer.from(username, 'utf8') : EMPTY;
      if (label.length > MAX_USERNAME_BYTES) {
        const detail = `user names have at most ${MAX_USERNAME_BYTES} bytes`;
        return Promise.resolve({ ok: false, reason: ReasonCode.BAD_USER_NAME_OR_PASSWORD, detail });
      }
      return Promise.resolve({ ok: true, principal: { username: label } });
    },
  };
}
