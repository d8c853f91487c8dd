import type { Socket } from 'node:net';

/** What happens to bytes on their way. */
export interface Flow {
  /** Nothing goes on; it is kept, as far as the sockets have room. */
  held: boolean;
  /** How much longer everything takes, in ms. */
  delayMs: number;
}

/** One direction of a connection: hands on what `from` receives, in order, as its flow says. */
export class FaultyStream {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #carried: (bytes: number) => void;
  /** Delayed, with the moment each is due; null is the end of the stream. */
  readonly #waiting: { atMs: number; chunk: Buffer | null }[] = [];
  #flow: Flow;
  #timer: NodeJS.Timeout | undefined;
  #full = false;

  constructor(from: Socket, to: Socket, flow: Flow, carried: (bytes: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#flow = flow;
    this.#carried = carried;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => this.#take(null));
    from.on('close', () => clearTimeout(this.#timer));
    to.on('drain', () => {
      this.#full = false;
      this.#resume();
    });
    if (flow.held) from.pause();
  }

  set flow(flow: Flow) {
    this.#flow = flow;
    if (flow.held) {
      clearTimeout(this.#timer);
      this.#from.pause();
      return;
    }
    this.#send();
    this.#resume();
  }

  #resume(): void {
    if (!this.#flow.held && !this.#full) this.#from.resume();
  }

  #take(chunk: Buffer | null): void {
    this.#waiting.push({ atMs: performance.now() + this.#flow.delayMs, chunk });
    if (!this.#flow.held) this.#send();
  }

  #send(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#flow.delayMs > 0 && next.atMs > now) {
        this.#timer = setTimeout(() => this.#send(), next.atMs - now);
        return;
      }
      this.#waiting.shift();
      this.#write(next.chunk);
    }
  }

  #write(chunk: Buffer | null): void {
    if (this.#to.destroyed) return;
    if (chunk === null) {
      this.#to.end();
      return;
    }
    this.#carried(chunk.length);
    if (this.#to.write(chunk)) return;
    this.#full = true;
    this.#from.pause();
  }
}
