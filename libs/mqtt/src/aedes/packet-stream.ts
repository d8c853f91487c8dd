import { Duplex } from 'node:stream';

/** The side of a connection that its {@link PacketStream} talks to. */
export interface PacketStreamOwner {
  /** Whole packets from aedes: CONNACK, PINGRESP, SUBACK for what it refuses, DISCONNECT. */
  aedesWrote(bytes: Buffer): void;
  /** aedes destroyed its stream; `error` is what it gave as the reason. */
  aedesClosed(error: Error | null): void;
}

/**
 * The stream aedes believes to be its socket. It hands out checked packets, one run at a time, when the connection
 * says so: aedes reads on 'readable' and counts the packets it has begun, taking one off with each 'readable' it sees,
 * so `offer` says it until the run is taken. That makes reading independent of hooks that are never continued.
 */
export class PacketStream<Owner extends PacketStreamOwner> extends Duplex {
  readonly owner: Owner;
  #run: Buffer | null = null;

  constructor(owner: Owner) {
    super({ autoDestroy: false, allowHalfOpen: true });
    this.owner = owner;
  }

  /**
   * Lets aedes read and dispatch a run of `begun` packets after another of as many; all its hooks are called before
   * this returns. False: aedes did not read, so it is about to close.
   */
  offer(run: Buffer, begun: number): boolean {
    this.#run = run;
    for (let turn = 0; turn <= begun + 1; turn++) {
      this.emit('readable');
      if (this.#run === null) return true;
    }
    this.#run = null;
    return false;
  }

  /** aedes' only way in. Node calls `read(0)` by itself, which must not consume anything. */
  override read(size?: number): Buffer | null {
    if (size === 0) return null;
    const run = this.#run;
    this.#run = null;
    return run;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.owner.aedesWrote(chunk);
    done();
  }

  /** mqtt-packet writes a packet field by field into a corked stream: one call here is one or more whole packets. */
  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: () => void): void {
    this.owner.aedesWrote(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    done();
  }

  /** No error is passed on: aedes has told it, and the connection reports it. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#run = null;
    this.owner.aedesClosed(error);
    done(null);
  }
}
