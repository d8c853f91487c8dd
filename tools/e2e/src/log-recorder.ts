import { jetstreamManager } from '@nats-io/jetstream';
import { Envelope, RowKind, streamNames } from '@tributary/contracts';
import { StreamReader, type connectNats } from '@tributary/log';

type NatsConnection = Awaited<ReturnType<typeof connectNats>>;

/** A numbered message of a device and where the log has it. */
export interface Recorded {
  readonly partition: number;
  readonly sequence: number;
  readonly device: string;
  readonly number: number;
}

/** Reads the log as it grows, so that a test knows what was in it after it was purged. */
export class LogRecorder implements AsyncDisposable {
  readonly messages: Recorded[] = [];
  readonly #ending = new AbortController();
  readonly #nats: NatsConnection;
  readonly #readers: StreamReader[] = [];
  #running: Promise<unknown> = Promise.resolve();

  private constructor(nats: NatsConnection) {
    this.#nats = nats;
  }

  /** @param topic prefix; only messages to `<topic>/<device>` are kept */
  static async start(nats: NatsConnection, partitions: number, topic: string): Promise<LogRecorder> {
    const recorder = new LogRecorder(nats);
    const manager = await jetstreamManager(nats);
    for (let partition = 0; partition < partitions; partition++) {
      const stream = streamNames.log(1, partition);
      const { state } = await manager.streams.info(stream);
      const from = state.last_seq + 1;
      recorder.#readers.push(
        await StreamReader.open(nats, { stream, from, signal: recorder.#ending.signal }),
      );
    }
    recorder.#running = Promise.all(
      recorder.#readers.map((reader, p) => recorder.#read(reader, p, `${topic}/`)),
    );
    return recorder;
  }

  /** Resolves when everything the log holds now has been read. */
  async caughtUp(): Promise<void> {
    const manager = await jetstreamManager(this.#nats);
    for (const [partition, reader] of this.#readers.entries()) {
      const { state } = await manager.streams.info(streamNames.log(1, partition));
      while (reader.position <= state.last_seq) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #read(reader: StreamReader, partition: number, prefix: string): Promise<void> {
    while (!this.#ending.signal.aborted) {
      for (const { sequence, data } of await reader.take(1024 * 1024)) {
        for (const { kind, topic, payload } of Envelope.open(data)) {
          if (kind !== RowKind.publish || !topic.startsWith(prefix)) continue;
          const device = topic.slice(prefix.length);
          this.messages.push({ partition, sequence, device, number: Number(payload.toString()) });
        }
      }
    }
  }
}
