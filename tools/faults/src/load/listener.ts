import { connect, type MqttClient } from 'mqtt';
import { until } from '@tributary/testing';
import { RecordLedger } from '../count/record-ledger.ts';
import type { Random } from '../random.ts';

export interface ListenerOptions {
  name: string;
  servers: readonly { host: string; port: number }[];
  /** It hears `<topic>/+`, the messages of one fleet. */
  topic: string;
  random: Random;
}

const CONNECT_MS = 60_000;
/** Time between two of its disappearances, on average, in ms. */
const STAYS_MS = 4_000;
const NEVER_EXPIRES = 0xffff_ffff;

/**
 * A device whose session outlives its connections. It hears what the fleet publishes, at QoS 2, drops its connection without a word
 * now and then, and goes on at the next node: what was published meanwhile has to wait for it.
 */
export class Listener implements AsyncDisposable {
  readonly ledger = new RecordLedger();
  readonly #client: MqttClient;
  readonly #random: Random;
  #timer: NodeJS.Timeout | undefined;
  disappearances = 0;

  private constructor(client: MqttClient, random: Random) {
    this.#client = client;
    this.#random = random;
    client.on('error', () => {}); // It reconnects.
    client.on('message', (topic, payload) => {
      const device = topic.slice(topic.lastIndexOf('/') + 1);
      this.ledger.see(device, Number.parseInt(payload.toString(), 10));
    });
  }

  /** Resolves when it is subscribed. */
  static async start({ name, servers, topic, random }: ListenerOptions): Promise<Listener> {
    const client = connect({
      servers: servers.map((server) => ({ ...server, protocol: 'mqtt' as const })),
      clientId: `${topic.replaceAll('/', '-')}-${name}`,
      protocolVersion: 5,
      clean: false,
      properties: { sessionExpiryInterval: NEVER_EXPIRES },
      resubscribe: false,
      reconnectPeriod: 100,
      connectTimeout: 3_000,
      reconnectOnConnackError: true,
      keepalive: 3,
    });
    const listener = new Listener(client, random);
    try {
      await until(() => client.connected, { what: `${name} is connected`, timeoutMs: CONNECT_MS });
      await client.subscribeAsync(`${topic}/+`, { qos: 2 });
    } catch (error) {
      await listener[Symbol.asyncDispose]();
      throw error;
    }
    listener.#comeAndGo();
    return listener;
  }

  /** From now on it stays, so that it gets what is still to come. */
  stay(): void {
    clearTimeout(this.#timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stay();
    await this.#client.endAsync(true);
  }

  #comeAndGo(): void {
    this.#timer = setTimeout(
      () => {
        if (this.#client.connected) {
          this.disappearances++;
          this.#client.stream.destroy();
        }
        this.#comeAndGo();
      },
      STAYS_MS * (0.5 + this.#random.next()),
    );
  }
}
