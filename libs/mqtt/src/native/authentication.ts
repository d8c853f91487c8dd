import { hostVerdict } from '../engine/host-verdict.ts';
import type { AuthenticationExchange, AuthenticationVerdict } from '../engine/mqtt-engine.ts';
import { ReasonCode } from '../engine/reason-code.ts';
import { MqttError } from '../errors.ts';
import type { AuthPacket } from '../wire/auth-packet.ts';
import { Faults, type Fault } from '../wire/fault.ts';

/** What an authentication needs of its connection. */
export interface AuthenticationOwner {
  /** Sends AUTH. False: the client does not take a packet of its size. */
  sendAuth(reason: number, method: string, data: Uint8Array | undefined): boolean;
  /** A challenge has been sent. */
  awaitAnswer(): void;
  /** It has been answered. */
  answerArrived(): void;
  /** Asks the host about a re-authentication. */
  reauthenticate(exchange: AuthenticationExchange): Promise<AuthenticationVerdict>;
  report(error: unknown): void;
  disconnect(reason: number, detail: string): void;
}

/**
 * Enhanced authentication of one connection (4.12): one exchange at a time, all by the method of the CONNECT. The first
 * belongs to the handshake, later ones the client begins.
 */
export class Authentication {
  readonly #owner: AuthenticationOwner;
  readonly #method: string;
  #exchange: Exchange | null = null;

  constructor(owner: AuthenticationOwner, method: string) {
    this.#owner = owner;
    this.#method = method;
  }

  begin(data: Uint8Array | undefined): AuthenticationExchange {
    return (this.#exchange = new Exchange(this.#owner, this.#method, data));
  }

  /** The exchange of the handshake has succeeded. */
  finish(): void {
    this.#exchange = null;
  }

  /** An AUTH of the client, of the right method. */
  receive({ reason, data }: AuthPacket): Fault | null {
    if (reason === ReasonCode.CONTINUE_AUTHENTICATION) {
      return this.#exchange?.answer(data) === true ? null : Faults.AUTH_OUT_OF_TURN;
    }
    if (this.#exchange !== null) return Faults.AUTH_OUT_OF_TURN;
    void this.#again(this.begin(data));
    return null;
  }

  /** The connection has ended. */
  end(): void {
    this.#exchange?.end();
  }

  async #again(exchange: AuthenticationExchange): Promise<void> {
    const verdict = await hostVerdict<AuthenticationVerdict>(
      () => this.#owner.reauthenticate(exchange),
      (error) => this.#owner.report(error),
    );
    this.finish();
    if (!verdict.accept) {
      this.#owner.disconnect(verdict.reason, verdict.detail ?? 'the authentication failed');
    } else if (!this.#owner.sendAuth(ReasonCode.SUCCESS, this.#method, verdict.data)) {
      this.#owner.disconnect(ReasonCode.PACKET_TOO_LARGE, 'AUTH exceeds your Maximum Packet Size');
    }
  }
}

class Exchange implements AuthenticationExchange {
  readonly method: string;
  readonly data: Uint8Array | undefined;
  readonly #owner: AuthenticationOwner;
  #waiting: PromiseWithResolvers<Uint8Array> | null = null;
  #ended = false;

  constructor(owner: AuthenticationOwner, method: string, data: Uint8Array | undefined) {
    this.#owner = owner;
    this.method = method;
    // It outlives the buffer it was read into.
    this.data = data && Buffer.from(data);
  }

  challenge(data: Uint8Array): Promise<Uint8Array> {
    if (this.#ended) return Promise.reject(ended());
    if (this.#waiting !== null) return Promise.reject(new Error('a challenge is under way'));
    if (!this.#owner.sendAuth(ReasonCode.CONTINUE_AUTHENTICATION, this.method, data)) {
      const text = 'the challenge exceeds the Maximum Packet Size of the client';
      return Promise.reject(new MqttError('packet-too-large', text));
    }
    this.#waiting = Promise.withResolvers();
    this.#owner.awaitAnswer();
    return this.#waiting.promise;
  }

  /** @returns false if nobody waits for it */
  answer(data: Uint8Array | undefined): boolean {
    const waiting = this.#waiting;
    if (waiting === null) return false;
    this.#waiting = null;
    this.#owner.answerArrived();
    waiting.resolve(data === undefined ? Buffer.alloc(0) : Buffer.from(data));
    return true;
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.reject(ended());
    this.#waiting = null;
  }
}

function ended(): MqttError {
  return new MqttError('connection-ended', 'the connection has ended');
}
