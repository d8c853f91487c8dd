import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { StreamMeta } from '@tributary/contracts';
import type { DeliveredAs } from './delivery-subject.ts';
import { LogError } from './errors.ts';
import { PullConsumer } from './pull-consumer.ts';
import { pause } from './wait.ts';

const BUFFER_BYTES = 8 * 1024 * 1024;
const REOPEN_MS = 250;

/** One message of a stream at its position. */
export interface StreamMessage {
  sequence: number;
  data: Uint8Array;
  /** Value of a NATS header, '' if it has none. */
  header(name: string): string;
  /** When the server stored it, milliseconds since the epoch. */
  storedAtMs(): number;
}

export interface ReaderOptions {
  stream: string;
  /** First sequence to read: checkpoint + 1. */
  from: number;
  /**
   * Incarnation that the positions belong to. The consumer is made anew after an interruption; a stream that was
   * deleted and created again meanwhile has other messages at the same positions, and ends the reader with
   * 'incarnation-unknown'.
   */
  incarnation?: string;
  signal: AbortSignal;
  /** Most bytes buffered ahead of `take`, but for a single message that is larger. */
  bufferBytes?: number;
}

/**
 * Reads a stream by position. It keeps no cursor on the server and acknowledges nothing: where to go on is the
 * reader's own knowledge. Sequences are dense; a hole means that something was removed before it was read, and
 * ends the reader with 'position-gap' instead of passing over it.
 */
export class StreamReader {
  readonly #nats: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #options: ReaderOptions;
  readonly #bufferBytes: number;
  readonly #queue: StreamMessage[] = [];
  #queuedBytes = 0;
  #next: number;
  #error: Error | null = null;
  #ended = false;
  #consumer: PullConsumer | null = null;
  #wakeTaker: (() => void) | null = null;
  readonly #end = (): void => this.#close();

  private constructor(nats: NatsConnection, manager: JetStreamManager, options: ReaderOptions) {
    this.#nats = nats;
    this.#manager = manager;
    this.#options = options;
    this.#bufferBytes = options.bufferBytes ?? BUFFER_BYTES;
    this.#next = options.from;
  }

  /** Errors: those of the JetStream API, and 'incarnation-unknown'. Later interruptions are waited out. */
  static async open(nats: NatsConnection, options: ReaderOptions): Promise<StreamReader> {
    const manager = await jetstreamManager(nats, { checkAPI: false });
    const reader = new StreamReader(nats, manager, options);
    const consumer = await reader.#consume();
    options.signal.addEventListener('abort', reader.#end, { once: true });
    if (options.signal.aborted) reader.#close();
    void reader.#run(consumer);
    return reader;
  }

  /** Sequence of the next message to be taken. */
  get position(): number {
    return this.#queue[0]?.sequence ?? this.#next;
  }

  /**
   * All messages at hand, up to `maxBytes` (at least one message); waits until there is one.
   * @returns an empty array once the reader has ended by its signal, or after `waitMs` without a message.
   * @throws LogError 'position-gap', 'incarnation-unknown'
   */
  async take(maxBytes: number, waitMs = Infinity): Promise<StreamMessage[]> {
    if (this.#queue.length === 0 && !this.#ended) await this.#arrival(waitMs);
    if (this.#queue.length === 0 && this.#error !== null) throw this.#error;
    let bytes = 0;
    let count = 0;
    for (const message of this.#queue) {
      bytes += message.data.length;
      if (count > 0 && bytes > maxBytes) {
        bytes -= message.data.length;
        break;
      }
      count++;
    }
    const taken = this.#queue.splice(0, count);
    this.#queuedBytes -= bytes;
    this.#consumer?.pull();
    return taken;
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #arrival(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(waitMs) ? setTimeout(() => this.#wakeTaker?.(), waitMs) : null;
      this.#wakeTaker = () => {
        this.#wakeTaker = null;
        if (timer) clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One consumer after the other, each from where the last one ended. */
  async #run(first: PullConsumer): Promise<void> {
    const { signal } = this.#options;
    let consumer: PullConsumer | null = first;
    while (!this.#ended) {
      try {
        consumer ??= await this.#consume();
        if (this.#ended) break;
        this.#consumer = consumer;
        consumer.pull();
        await consumer.lost;
      } catch (error) {
        if (error instanceof LogError) this.#fail(error);
      }
      consumer?.close();
      consumer = null;
      if (!this.#ended) await pause(REOPEN_MS, signal);
    }
    consumer?.close();
  }

  async #consume(): Promise<PullConsumer> {
    const { stream } = this.#options;
    const consumer = await PullConsumer.create({
      nats: this.#nats,
      manager: this.#manager,
      stream,
      from: this.#next,
      maxBytes: this.#bufferBytes / 2,
      onMessage: (message, as) => this.#accept(message, as),
      hasRoom: () => this.#queuedBytes <= this.#bufferBytes / 2,
    });
    try {
      await this.#verify();
    } catch (error) {
      consumer.close();
      throw error;
    }
    return consumer;
  }

  /** Asked after the consumer exists, so the answer is about the stream that the consumer reads. */
  async #verify(): Promise<void> {
    const { stream, incarnation } = this.#options;
    if (incarnation === undefined) return;
    const { config } = await this.#manager.streams.info(stream);
    const found = config.metadata?.[StreamMeta.incarnation] ?? '';
    if (found === incarnation) return;
    throw new LogError(
      'incarnation-unknown',
      `stream ${stream} is now ${found}, but ${incarnation} was being read: it was created anew`,
    );
  }

  #accept(message: Msg, { sequence, storedAtMs }: DeliveredAs): void {
    if (this.#ended) return;
    // A new consumer reads some replica; one that is behind begins at its own end.
    if (sequence < this.#next) return;
    if (sequence !== this.#next) {
      const error = `stream ${this.#options.stream} continues at ${sequence}, but ${this.#next} has not been read yet`;
      this.#fail(new LogError('position-gap', error));
      return;
    }
    this.#next = sequence + 1;
    this.#queuedBytes += message.data.length;
    this.#queue.push({
      sequence,
      data: message.data,
      header: (name) => message.headers?.get(name) ?? '',
      storedAtMs,
    });
    this.#wakeTaker?.();
  }

  #fail(error: LogError): void {
    this.#error ??= error;
    this.#close();
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.signal.removeEventListener('abort', this.#end);
    this.#consumer?.close();
    this.#wakeTaker?.();
  }
}
