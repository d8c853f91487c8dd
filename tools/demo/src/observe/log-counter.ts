import { jetstreamManager } from '@nats-io/jetstream';
import { Envelope, RowKind } from '@tributary/contracts';
import { connectNats, StreamReader } from '@tributary/log';
import { DemoError, reasonOf } from '../errors.ts';

const TAKE_BYTES = 1024 * 1024;
const LOG_SUBJECTS = 'trib.v1.log.>';

/** Counts the rows that this replay's devices have in the log, by reading it from its present ends. */
export class LogCounter implements AsyncDisposable {
  readonly #prefix: string;
  readonly #ending = new AbortController();
  readonly #stack = new AsyncDisposableStack();
  #rows = 0;
  #complete = true;

  private constructor(clientPrefix: string) {
    this.#prefix = clientPrefix;
  }

  /** Errors: `log`. */
  static async start(server: string, clientPrefix: string): Promise<LogCounter> {
    const counter = new LogCounter(clientPrefix);
    try {
      await counter.#start(server);
    } catch (cause) {
      await counter[Symbol.asyncDispose]();
      throw new DemoError('log', `the log at ${server} cannot be read: ${reasonOf(cause)}`, { cause });
    }
    return counter;
  }

  /** PUBLISH rows, those included that a device sent again. */
  get rows(): number {
    return this.#rows;
  }

  /** False if a part of the log could not be read. */
  get complete(): boolean {
    return this.#complete;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#stack.disposeAsync();
  }

  async #start(server: string): Promise<void> {
    const nats = await connectNats({ servers: [server], name: 'demo' });
    this.#stack.defer(() => nats.close());
    const manager = await jetstreamManager(nats);
    for await (const { config, state } of manager.streams.list(LOG_SUBJECTS)) {
      const reader = await StreamReader.open(nats, {
        stream: config.name,
        from: state.last_seq + 1,
        signal: this.#ending.signal,
      });
      this.#stack.use(reader);
      const counting = this.#count(reader);
      this.#stack.defer(() => counting);
    }
  }

  async #count(reader: StreamReader): Promise<void> {
    try {
      while (!this.#ending.signal.aborted) {
        for (const { data } of await reader.take(TAKE_BYTES)) {
          for (const row of Envelope.open(data)) {
            if (row.kind === RowKind.publish && row.clientId.startsWith(this.#prefix)) this.#rows++;
          }
        }
      }
    } catch {
      this.#complete = false;
    }
  }
}
