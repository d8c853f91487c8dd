import { Connection, type ConnectionOptions } from '@platformatic/kafka';
import { defaults, type ClusterOptions } from '../driver-options.ts';
import { KafkaDriverError, KafkaErrorCode } from '../errors.ts';
import { addressKey, type Address } from './addresses.ts';
import { fromWire } from './wire-errors.ts';

interface Entry {
  readonly connection: Connection;
  readonly ready: Promise<void>;
}

/** One connection for each broker address, made when first asked for and again after it was lost. */
export class Connections {
  readonly #clientId: string;
  readonly #options: ConnectionOptions;
  readonly #entries = new Map<string, Entry>();
  #severed = false;

  constructor(options: ClusterOptions) {
    this.#clientId = options.clientId;
    this.#options = connectionOptions(options);
  }

  get severed(): boolean {
    return this.#severed;
  }

  async to(address: Address): Promise<Connection> {
    if (this.#severed) throw closed();
    const key = addressKey(address);
    const { connection, ready } = this.#entries.get(key) ?? this.#connect(key, address);
    try {
      await ready;
    } catch (cause) {
      throw fromWire(cause);
    }
    if (this.#severed) throw closed();
    return connection;
  }

  /** Destroys every connection; requests in flight fail and no connection is made any more. */
  sever(): void {
    this.#severed = true;
    for (const { connection } of this.#entries.values()) discard(connection);
    this.#entries.clear();
  }

  #connect(key: string, { host, port }: Address): Entry {
    const connection = new Connection(this.#clientId, this.#options);
    const entry: Entry = { connection, ready: Promise.resolve(connection.connect(host, port)) };
    this.#entries.set(key, entry);
    const forget = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    // An emitter without a listener for 'error' throws; what went wrong reaches the requests as well.
    connection.on('error', forget);
    connection.on('close', forget);
    connection.on('closing', forget);
    entry.ready.then(
      () => {
        if (this.#severed) discard(connection);
      },
      () => {
        forget();
        discard(connection);
      },
    );
    return entry;
  }
}

/** The library sets the socket when it begins to connect. */
function discard(connection: Connection): void {
  const socket: Connection['socket'] | undefined = connection.socket;
  socket?.destroy();
}

function connectionOptions(options: ClusterOptions): ConnectionOptions {
  const { tls, sasl } = options;
  return {
    connectTimeout: options.connectTimeoutMs ?? defaults.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs ?? defaults.requestTimeoutMs,
    ...(tls === undefined ? {} : { tls, tlsServerName: true }),
    ...(sasl === undefined
      ? {}
      : {
          sasl: { mechanism: mechanisms[sasl.mechanism], username: sasl.username, password: sasl.password },
        }),
  };
}

const mechanisms = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

function closed(): KafkaDriverError {
  return new KafkaDriverError('The client is closed', { code: KafkaErrorCode.driverClosed, retryable: true });
}
