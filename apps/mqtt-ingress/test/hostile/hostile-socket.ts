import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long the node may take to answer or to close, in ms. */
const PATIENCE_MS = 15_000;

/** What became of the connections of one attack. */
export interface Outcome {
  opened: number;
  /** The node sent something. */
  answered: number;
  /** The node closed it. */
  closed: number;
  /** Neither, within the time it may take. */
  stuck: number;
}

export interface Target {
  host: string;
  port: number;
  /** Address to attack from. */
  localAddress: string;
}

/** A connection that is up to no good, and sees what the node makes of it. */
export class HostileSocket {
  readonly #socket: Socket;
  readonly #outcome: Outcome;
  readonly #ended: Promise<void>;
  #answered = false;
  closed = false;

  private constructor(socket: Socket, outcome: Outcome) {
    this.#socket = socket;
    this.#outcome = outcome;
    socket.on('error', () => {});
    this.#ended = new Promise((resolve) =>
      socket.once('close', () => {
        this.closed = true;
        resolve();
      }),
    );
  }

  /** Never rejects: one that the node does not let in is closed. */
  static async open(target: Target, outcome: Outcome, reading = true): Promise<HostileSocket> {
    const socket = connect({ ...target, noDelay: true });
    const opened = new HostileSocket(socket, outcome);
    outcome.opened++;
    if (reading) socket.on('data', () => (opened.#answered = true));
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), opened.#ended]);
    return opened;
  }

  /** Writes and waits until the kernel took it; no longer than `ms`, when the node does not read. @returns whether it took it */
  async write(bytes: Buffer, ms = 1_000): Promise<boolean> {
    if (this.closed || this.#socket.writableEnded) return false;
    if (this.#socket.write(bytes)) return true;
    const drained = new Promise<boolean>((resolve) => this.#socket.once('drain', () => resolve(true)));
    return Promise.race([drained, this.#ended.then(() => false), delay(ms, false)]);
  }

  /** Closes the sending side. */
  end(): void {
    this.#socket.end();
  }

  /** Whether the node closes it within `ms`. */
  async ends(ms: number): Promise<boolean> {
    return Promise.race([this.#ended.then(() => true), delay(ms, false)]);
  }

  /** Has the node say what it makes of it, then goes without a word. */
  async judge(): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    this.#socket.on('data', () => (this.#answered = true));
    this.#socket.resume();
    while (!this.#answered && !this.closed && performance.now() < until) await delay(20);
    if (this.closed) this.#outcome.closed++;
    else if (this.#answered) this.#outcome.answered++;
    else this.#outcome.stuck++;
    this.#socket.destroy();
  }
}
