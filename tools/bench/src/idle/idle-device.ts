import { connect, type Socket } from 'node:net';
import { monotonicUs } from '../measure/monotonic.ts';

/** What the devices of an idle load share. */
export interface IdleFleet {
  readonly host: string;
  readonly port: number;
  /** Where the kernel puts what a socket receives; read before any other socket is. */
  readonly inbox: Buffer;
  /** Called once for a device whose connection ends unasked. */
  lost: (reason: string) => void;
}

/** What became of a CONNECT, microseconds after the connection was opened. */
export interface ConnectOutcome {
  outcome: 'accepted' | 'refused' | 'failed';
  reason: string;
  us: number;
}

const PINGREQ = Buffer.from([0xc0, 0]);
const CONNACK = 0x20;

/** One client that connects, says that it is there, and nothing else. */
export class IdleDevice {
  readonly #fleet: IdleFleet;
  readonly #connect: Buffer;
  #socket: Socket | undefined;
  #open = false;
  #settle: ((outcome: ConnectOutcome['outcome'], reason: string) => void) | undefined;

  /** @param connect its CONNECT packet */
  constructor(fleet: IdleFleet, connect: Buffer) {
    this.#fleet = fleet;
    this.#connect = connect;
  }

  connect(): Promise<ConnectOutcome> {
    const { host, port, inbox } = this.#fleet;
    return new Promise((resolve) => {
      const began = monotonicUs();
      this.#settle = (outcome, reason) => {
        this.#settle = undefined;
        resolve({ outcome, reason, us: monotonicUs() - began });
      };
      const read = (length: number, bytes: Uint8Array): boolean => this.#read(length, bytes);
      const socket = connect({ host, port, noDelay: true, onread: { buffer: inbox, callback: read } });
      this.#socket = socket;
      let failure = 'the server closed the connection';
      socket.on('error', (error) => (failure = error.message));
      socket.on('close', () => this.#closed(socket, failure));
      socket.write(this.#connect);
    });
  }

  ping(): void {
    if (this.#open) this.#socket?.write(PINGREQ);
  }

  /** As when its network fails: no DISCONNECT, and nothing more is received. */
  reset(): void {
    this.#open = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.resetAndDestroy();
  }

  // A CONNACK is so short that the kernel never hands it out in pieces.
  #read(length: number, bytes: Uint8Array): boolean {
    if (this.#settle === undefined) return true;
    const code = bytes[3] ?? 0xff;
    if (length >= 4 && bytes[0] === CONNACK && code === 0) {
      this.#open = true;
      this.#settle('accepted', '');
    } else {
      this.#settle('refused', `refused with code ${code}`);
      this.reset();
    }
    return true;
  }

  #closed(socket: Socket, reason: string): void {
    // The end of a connection that was reset comes when the next one is on its way.
    if (socket !== this.#socket) return;
    this.#settle?.('failed', reason);
    if (this.#open) this.#fleet.lost(reason);
    this.#open = false;
  }
}
