import { JetStreamApiError, type ApiError } from '@nats-io/jetstream';
import {
  createInbox,
  headers as natsHeaders,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
} from '@nats-io/transport-node';
import { LogError } from './errors.ts';

/** What JetStream says of a message that it has stored. */
export interface PubAck {
  /** Its sequence in the stream. */
  readonly seq: number;
}

interface Unsent {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly options: { readonly reply: string; readonly headers: MsgHdrs };
}

interface Waiting {
  resolve(ack: PubAck): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Publishes into streams. All acknowledgements of a connection come to one inbox of ours: the client's own request
 * builds an error with its stack trace for each answer, a third of what a publish costs.
 */
export class Publisher {
  readonly #nats: NatsConnection;
  readonly #inbox = createInbox();
  readonly #waiting = new Map<string, Waiting>();
  #unsent: Unsent[] = [];
  #count = 0;

  constructor(nats: NatsConnection) {
    this.#nats = nats;
    nats.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.#answer(message);
      },
    });
    void nats.closed().then(() => {
      const error = new LogError('not-stored', 'the connection to NATS is closed');
      for (const reply of [...this.#waiting.keys()]) this.#failed(reply, error);
    });
  }

  /**
   * Stores one message.
   * @throws JetStreamApiError what the stream says against it; LogError 'not-stored' if it says nothing within
   * `timeoutMs` milliseconds, or the connection is closed. It may be stored all the same.
   */
  publish(
    subject: string,
    data: Uint8Array,
    headers: Iterable<readonly [name: string, value: string]>,
    timeoutMs: number,
  ): Promise<PubAck> {
    return new Promise((resolve, reject) => {
      const reply = `${this.#inbox}.${++this.#count}`;
      const fields = natsHeaders();
      for (const [name, value] of headers) fields.set(name, value);
      const timer = setTimeout(() => {
        this.#waiting.delete(reply);
        reject(new LogError('not-stored', `${subject}: no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(reply, { resolve, reject, timer });
      this.#send({ subject, data, options: { reply, headers: fields } });
    });
  }

  /** What is published in one turn of the event loop leaves in one write. */
  #send(message: Unsent): void {
    this.#unsent.push(message);
    if (this.#unsent.length > 1) return;
    setImmediate(() => {
      const unsent = this.#unsent;
      this.#unsent = [];
      for (const { subject, data, options } of unsent) {
        try {
          this.#nats.publish(subject, data, options);
        } catch (cause) {
          this.#failed(options.reply, new LogError('not-stored', `${subject}: cannot be sent`, { cause }));
        }
      }
    });
  }

  #failed(reply: string, error: LogError): void {
    const waiting = this.#waiting.get(reply);
    if (!waiting) return;
    this.#waiting.delete(reply);
    clearTimeout(waiting.timer);
    waiting.reject(error);
  }

  #answer(message: Msg): void {
    const waiting = this.#waiting.get(message.subject);
    if (!waiting) return;
    this.#waiting.delete(message.subject);
    clearTimeout(waiting.timer);
    if (message.data.length === 0) {
      const code = message.headers?.code ?? 0;
      waiting.reject(new LogError('not-stored', code === 503 ? 'no stream takes it' : `status ${code}`));
      return;
    }
    const answer = message.json<{ seq?: number; error?: ApiError }>();
    if (answer.error) waiting.reject(new JetStreamApiError(answer.error));
    // Any answer but a plain acknowledgement with a sequence is none.
    else if (answer.seq === undefined || !(answer.seq > 0)) {
      waiting.reject(new LogError('not-stored', `not an acknowledgement: ${message.string()}`));
    } else waiting.resolve({ seq: answer.seq });
  }
}
