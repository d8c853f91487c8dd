import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import {
  createInbox,
  nanos,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { deliveredAs, type DeliveredAs } from './delivery-subject.ts';

/**
 * Most bytes of one pull, of which there is one at a time. nats-server cuts a client off as a slow consumer with 64 MiB
 * waiting for it: sixty readers of one connection may ask for this much each.
 */
const PULL_BYTES = 1024 * 1024;
const PULL_MESSAGES = 256;
/** A pull ends after this long, and with it comes a sign of life. */
const PULL_MS = 2_000;
/** Without that sign the consumer is lost: a server restarted, a leader moved, a request that went nowhere. */
const SILENCE_MS = PULL_MS + 2_000;
const CHECK_MS = 500;
/** Who is gone without a word leaves its consumer to the server for this long. */
const INACTIVE_MS = 30_000;

const API = '$JS.API';
const MAX_BYTES_EXCEEDED = 'message size exceeds maxbytes';

export interface PullConsumerOptions {
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: string;
  /** Sequence to begin with. */
  readonly from: number;
  /** Most bytes of a pull, if less than the usual. */
  readonly maxBytes: number;
  /** Takes each message, in the order of the stream. */
  onMessage(message: Msg, as: DeliveredAs): void;
  /** Whether there is room for another pull. If not, `pull` is to be called once there is. */
  hasRoom(): boolean;
}

/**
 * A consumer that lives in the server's memory and acknowledges nothing, read by one bounded pull after the other. It
 * does not heal itself: when anything is odd it is lost, and whoever knows the position makes another (ADR 8).
 */
export class PullConsumer {
  /** Resolves, with the reason, when nothing more will come. */
  readonly lost: Promise<string>;
  readonly #options: PullConsumerOptions;
  readonly #name: string;
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  readonly #watchdog: NodeJS.Timeout;
  #lose!: (reason: string) => void;
  #closed = false;
  /** Number of the last pull; its status messages carry it. */
  #pulls = 0;
  /** Messages that the pull under way may still bring; 0 if there is none. */
  #left = 0;
  #brought = 0;
  /** Deliveries seen since the consumer was made. */
  #delivered = 0;
  #lastSignMs = 0;
  /** The next message alone is larger than a pull. */
  #oversized = false;

  private constructor(options: PullConsumerOptions, name: string) {
    this.#options = options;
    this.#name = name;
    this.lost = new Promise((resolve) => (this.#lose = resolve));
    this.#subscription = options.nats.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error) this.#lose(error.message);
        else this.#take(message);
      },
    });
    const session = sessionOf(options.nats);
    this.#watchdog = setInterval(() => {
      if (sessionOf(options.nats) !== session) this.#lose('another connection');
      if (this.#left > 0 && performance.now() - this.#lastSignMs > SILENCE_MS) this.#lose('silence');
    }, CHECK_MS);
  }

  /** Creates the consumer; the first `pull` starts it. Errors: those of the JetStream API. */
  static async create(options: PullConsumerOptions): Promise<PullConsumer> {
    const { name } = await options.manager.consumers.add(options.stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: options.from,
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(INACTIVE_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    return new PullConsumer(options, name);
  }

  /** Asks for more, unless that was done already or there is no room. */
  pull(): void {
    const { nats, stream, maxBytes, hasRoom } = this.#options;
    if (this.#closed || this.#left > 0 || !hasRoom()) return;
    const alone = this.#oversized;
    this.#oversized = false;
    this.#left = alone ? 1 : PULL_MESSAGES;
    this.#brought = 0;
    this.#lastSignMs = performance.now();
    const request = {
      batch: this.#left,
      expires: nanos(PULL_MS),
      ...(alone ? {} : { max_bytes: Math.max(Math.min(maxBytes, PULL_BYTES), 1) }),
    };
    try {
      nats.publish(`${API}.CONSUMER.MSG.NEXT.${stream}.${this.#name}`, JSON.stringify(request), {
        reply: `${this.#inbox}.${++this.#pulls}`,
      });
    } catch (error) {
      this.#lose(error instanceof Error ? error.message : String(error));
    }
  }

  /** Waits for nothing: a server that is away forgets the consumer by itself. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lose('closed');
    clearInterval(this.#watchdog);
    const { nats, manager, stream } = this.#options;
    if (nats.isClosed()) return;
    this.#subscription.unsubscribe();
    manager.consumers.delete(stream, this.#name).catch(() => undefined);
  }

  #take(message: Msg): void {
    if (this.#closed) return;
    this.#lastSignMs = performance.now();
    if (message.subject.startsWith(this.#inbox)) {
      this.#status(message);
      return;
    }
    // What was on its way when a connection broke is gone, and the subscription goes on behind it on the next one. That is
    // no hole in the stream: the server numbers what it delivers.
    const as = deliveredAs(message.reply ?? '');
    if (as.delivery !== ++this.#delivered) {
      this.#lose('a delivery was lost');
      return;
    }
    this.#brought++;
    this.#left--;
    this.#options.onMessage(message, as);
    this.pull();
  }

  #status({ subject, headers }: Msg): void {
    if (subject !== `${this.#inbox}.${this.#pulls}`) return;
    const code = headers?.code ?? 0;
    const tooLarge = code === 409 && headers?.description.toLowerCase() === MAX_BYTES_EXCEEDED;
    if (code !== 404 && code !== 408 && !tooLarge) {
      this.#lose(`${code} ${headers?.description ?? ''}`);
      return;
    }
    this.#oversized = tooLarge && this.#brought === 0;
    this.#left = 0;
    this.pull();
  }
}

/** Another one after each reconnect: the pull under way was lost with the connection. */
function sessionOf({ info }: NatsConnection): string {
  return `${info?.server_id} ${info?.client_id}`;
}
