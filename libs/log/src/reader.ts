import { DeliverPolicy, type ConsumerMessages, type JetStreamClient, type JsMsg } from '@nats-io/jetstream';
import { StreamMeta } from '@tributary/contracts';
import { LogError } from './errors.ts';

/**
 * Messages asked for ahead. What all readers of a connection have asked for must stay well below the 64 MiB after which
 * nats-server cuts a slow consumer off; and heartbeats queue behind it: with 128 full envelopes each they came so late
 * that the consumer was taken for lost and created anew, again and again.
 */
const PREFETCH = 16;

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
   * Incarnation that the positions belong to. The client makes its consumer anew after an interruption; a stream
   * that was deleted and created again meanwhile has other messages at the same positions, and ends the reader
   * with 'incarnation-unknown'.
   */
  incarnation?: string;
  signal: AbortSignal;
  /** Messages asked for ahead of `take`. */
  prefetch?: number;
  /** Most bytes buffered ahead of `take` before reading pauses. */
  bufferBytes?: number;
}

/**
 * Reads a stream by position. It keeps no cursor on the server and acknowledges nothing: where to go on is the
 * reader's own knowledge. Sequences are dense; a hole means that something was removed before it was read, and
 * ends the reader with 'position-gap' instead of passing over it.
 */
export class StreamReader {
  readonly #options: ReaderOptions;
  readonly #queue: StreamMessage[] = [];
  #queuedBytes = 0;
  #next: number;
  #error: Error | null = null;
  #ended = false;
  #messages: ConsumerMessages | null = null;
  readonly #js: JetStreamClient;
  /** Name of the consumer whose stream was verified last. */
  #consumer = '';
  #wakeTaker: (() => void) | null = null;
  #wakePump: (() => void) | null = null;

  private constructor(js: JetStreamClient, options: ReaderOptions) {
    this.#js = js;
    this.#options = options;
    this.#next = options.from;
  }

  static async open(js: JetStreamClient, options: ReaderOptions): Promise<StreamReader> {
    const reader = new StreamReader(js, options);
    const consumer = await js.consumers.get(options.stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: options.from,
    });
    // A pull that lives for two seconds only also means that a lost consumer is noticed within seconds.
    const messages = await consumer.consume({ max_messages: options.prefetch ?? PREFETCH, expires: 2_000 });
    reader.#messages = messages;
    const stop = (): void => reader.#end();
    options.signal.addEventListener('abort', stop, { once: true });
    if (options.signal.aborted) stop();
    void reader.#pump(messages);
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
    this.#wakePump?.();
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.#messages?.closed();
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

  async #pump(messages: ConsumerMessages): Promise<void> {
    const limit = this.#options.bufferBytes ?? 8 * 1024 * 1024;
    try {
      for await (const message of messages) {
        if (this.#ended) break;
        if (message.info.consumer !== this.#consumer) await this.#verify(message.info.consumer);
        this.#accept(message);
        this.#wakeTaker?.();
        // Not iterating on is the back-pressure: the client pulls ahead only as far as it is iterated.
        while (this.#queuedBytes > limit && !this.#ended) {
          await new Promise<void>((resolve) => (this.#wakePump = resolve));
        }
      }
    } catch (error) {
      this.#error ??= error instanceof Error ? error : new Error('reading ended', { cause: error });
    }
    this.#end();
  }

  /** Asked after the consumer exists, so the answer is about the stream that the consumer reads. */
  async #verify(consumer: string): Promise<void> {
    const { stream, incarnation } = this.#options;
    while (incarnation !== undefined && !this.#ended) {
      const found = await incarnationOf(this.#js, stream);
      if (found === incarnation) break;
      if (found !== null) {
        throw new LogError(
          'incarnation-unknown',
          `stream ${stream} is now ${found}, but ${incarnation} was being read: it was created anew`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    this.#consumer = consumer;
  }

  #accept(message: JsMsg): void {
    const sequence = message.seq;
    if (sequence !== this.#next) {
      throw new LogError(
        'position-gap',
        `stream ${this.#options.stream} continues at ${sequence}, but ${this.#next} has not been read yet`,
      );
    }
    this.#next = sequence + 1;
    this.#queuedBytes += message.data.length;
    this.#queue.push({
      sequence,
      data: message.data,
      header: (name) => message.headers?.get(name) ?? '',
      storedAtMs: () => Number(message.timestampNanos / 1_000_000n),
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#messages?.close();
    this.#wakeTaker?.();
    this.#wakePump?.();
  }
}

/** Null if nobody answers at the moment. */
async function incarnationOf(js: JetStreamClient, stream: string): Promise<string | null> {
  try {
    const manager = await js.jetstreamManager(false);
    const { config } = await manager.streams.info(stream);
    return config.metadata?.[StreamMeta.incarnation] ?? '';
  } catch {
    return null;
  }
}
