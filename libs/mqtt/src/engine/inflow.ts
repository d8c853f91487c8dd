import type { Duplex } from 'node:stream';
import type { Fault } from '../wire/fault.ts';
import type { PacketReader } from '../wire/packet-reader.ts';
import type { EngineCounters } from './mqtt-engine.ts';
import type { Sleeper, WakeQueue } from './wake-queue.ts';

export interface InflowOwner {
  /** Packets may be dispatched at present. */
  readonly taking: boolean;
  /** A run of checked packets; what the reader says of it holds until this returns. */
  dispatch(run: Buffer): void;
  /** The stream broke a rule; all packets before have been dispatched. */
  faulted(fault: Fault): void;
  /** The client closed its side, and all its packets have been dispatched; or the stream is gone. */
  streamEnded(detail: string): void;
  /** `dispatch` threw. */
  failed(error: unknown): void;
}

/** Bytes a client may send ahead while its packets are not taken, before its socket is not read any more. */
const AHEAD_BYTES = 16 * 1024;

/**
 * What comes in from one client: reads its stream, cuts it into runs of packets and dispatches them while they are
 * taken. Otherwise it stops reading, so that the client's writes stall, but for a little: with nothing to read, a client
 * that goes away would not be noticed.
 */
export class Inflow implements Sleeper {
  readonly #stream: Duplex;
  readonly #reader: PacketReader;
  readonly #owner: InflowOwner;
  readonly #counters: EngineCounters;
  readonly #wakeQueue: WakeQueue;
  #paused = false;
  #reading = false;
  #ended = false;
  #stopped = false;
  #streamPaused = false;
  #detail = 'the client closed the stream';

  constructor(
    stream: Duplex,
    reader: PacketReader,
    owner: InflowOwner,
    shared: { counters: EngineCounters; wakeQueue: WakeQueue },
  ) {
    this.#stream = stream;
    this.#reader = reader;
    this.#owner = owner;
    this.#counters = shared.counters;
    this.#wakeQueue = shared.wakeQueue;
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('error', (error) => (this.#detail = error.message));
    stream.on('close', () => this.#end());
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.goOn();
  }

  /** Goes on reading soon: something that stood in the way is gone. */
  goOn(): void {
    if (!this.#stopped) this.#wakeQueue.add(this);
  }

  wake(): void {
    this.#read();
  }

  /** Reads nothing more and drops what it holds. */
  stop(): void {
    this.#stopped = true;
    this.#reader.clear();
    this.#stream.off('data', this.#onData);
    this.#stream.off('end', this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#counters.bytesReceived += chunk.length;
    this.#reader.push(chunk);
    this.#read();
    if (this.#stopped || this.#taking || this.#reader.buffered <= (this.#paused ? 0 : AHEAD_BYTES)) return;
    this.#streamPaused = true;
    this.#stream.pause();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    // A client that went while its CONNECT is being decided has nothing more to be taken.
    if (this.#reader.buffered === 0) this.#end();
    else this.#read();
  };

  #end(): void {
    if (!this.#stopped) this.#owner.streamEnded(this.#detail);
  }

  get #taking(): boolean {
    return !this.#paused && !this.#stopped && this.#owner.taking;
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#taking) {
        const run = this.#reader.next();
        if (run === null) {
          this.#ranDry();
          break;
        }
        this.#counters.packetsReceived += this.#reader.packets;
        this.#owner.dispatch(run);
      }
    } catch (error) {
      this.#owner.failed(error);
    } finally {
      this.#reading = false;
    }
  }

  #ranDry(): void {
    const { fault } = this.#reader;
    if (fault !== null) this.#owner.faulted(fault);
    else if (this.#ended) this.#end();
    else if (this.#streamPaused) {
      this.#streamPaused = false;
      this.#stream.resume();
    }
  }
}
