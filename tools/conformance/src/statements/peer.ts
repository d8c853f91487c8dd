import assert from 'node:assert/strict';
import { connect as openSocket, type Socket } from 'node:net';
import type { Target } from '../target/target.ts';
import * as c from '../wire/client-packet.ts';
import type { Properties } from '../wire/property.ts';
import { decode, packetLength, type ServerPacket } from '../wire/server-packet.ts';
import type { ServerType } from '../wire/server-rules.ts';

const PATIENCE_MS = 5_000;

export interface Message {
  topic: string;
  payload?: string;
  qos?: 0 | 1 | 2;
  retain?: boolean;
  properties?: Properties;
}

/** One client of a case: a socket, and what came out of it. Everything received was decoded strictly. */
export class Peer {
  readonly version: c.Version;
  readonly clientId: string;
  readonly #socket: Socket;
  readonly #told: boolean;
  readonly #received: ServerPacket[] = [];
  #bytes = Buffer.alloc(0);
  #error: Error | null = null;
  #isClosed = false;
  #nextId = 1;
  #settles = false;
  #changed = Promise.withResolvers<void>();
  /** Set by `connect`. */
  connack: ServerPacket | null = null;

  private constructor(socket: Socket, version: c.Version, clientId: string, told: boolean) {
    this.#socket = socket;
    this.#told = told;
    this.version = version;
    this.clientId = clientId;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static async open({ host, port, kind }: Target, version: c.Version, clientId: string): Promise<Peer> {
    const socket = openSocket({ host, port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Peer(socket, version, clientId, kind !== 'mosquitto');
  }

  send(...packets: Buffer[]): this {
    this.#socket.write(Buffer.concat(packets));
    return this;
  }

  /** Without DISCONNECT. */
  drop(): void {
    this.#socket.destroy();
  }

  // ---- what comes

  /** The next packet, of whatever type. Fails if the connection ends, or nothing comes within the patience. */
  async next(patienceMs = PATIENCE_MS): Promise<ServerPacket> {
    const packet = await this.#find(() => true, patienceMs);
    return (
      packet ??
      assert.fail(this.#isClosed ? 'the connection was closed' : `nothing came within ${patienceMs} ms`)
    );
  }

  /** The next packet of a type; what came before it stays. */
  async take(type: ServerType, patienceMs = PATIENCE_MS): Promise<ServerPacket> {
    const packet = await this.#find((known) => known.type === type, patienceMs);
    const others = this.#received.map(({ type: other }) => other).join(', ') || 'nothing';
    return packet ?? assert.fail(`no ${type}${this.#isClosed ? ', and closed' : ''}, but ${others}`);
  }

  /** The next PUBLISH, answered as its QoS asks. */
  async message(patienceMs = PATIENCE_MS): Promise<ServerPacket> {
    const packet = await this.take('publish', patienceMs);
    if (packet.qos === 1) this.send(c.puback(packet.id));
    if (packet.qos === 2) {
      this.send(c.pubrec(packet.id));
      const { id } = await this.take('pubrel');
      assert.equal(id, packet.id, 'PUBREL has the packet identifier of its PUBLISH');
      this.send(c.pubcomp(id));
    }
    return packet;
  }

  /** The payloads of the next messages. */
  async payloads(count: number): Promise<string[]> {
    const all: string[] = [];
    while (all.length < count) all.push((await this.message()).payload.toString());
    return all;
  }

  /**
   * The server ends the connection. Ours tells a client of MQTT 5 why, by CONNACK or DISCONNECT with one of `reasons`;
   * of others the specification only wishes it.
   */
  async ended(...reasons: number[]): Promise<void> {
    const last = await this.#find(
      ({ type, reason }) => type === 'disconnect' || (type === 'connack' && reason > 0),
      PATIENCE_MS,
    );
    if (last === null) assert.ok(this.#isClosed, 'the connection was not ended');
    await this.#until(() => this.#isClosed, PATIENCE_MS);
    assert.ok(this.#isClosed, 'the connection was not closed');
    if (reasons.length === 0 || this.version !== 5 || (last === null && !this.#told)) return;
    const said = last === null ? 'nothing' : hex(last.reason);
    const wanted = reasons.map(hex).join(' or ');
    assert.ok(last !== null && reasons.includes(last.reason), `ended with ${said}, not ${wanted}`);
  }

  /** Nothing of `type` has come by the time the server answers a PINGREQ, nor in the `ms` before. */
  async none(type: ServerType, ms = 0): Promise<void> {
    if (ms > 0)
      await this.#until(() => this.#received.some((packet) => packet.type === type) || this.#isClosed, ms);
    await this.ping();
    const packet = this.#received.find((known) => known.type === type);
    assert.ok(packet === undefined, `a ${type} came: ${packet?.topic} ${packet?.payload.toString()}`);
  }

  /** Resolves to false if the connection is closed within `ms`. */
  async staysOpen(ms: number): Promise<boolean> {
    await this.#until(() => this.#isClosed, ms);
    return !this.#isClosed;
  }

  // ---- what a client does

  nextId(): number {
    return this.#nextId++;
  }

  /** Publishes and sees the flow through. @returns the reason code of PUBACK or PUBREC, 0 at QoS 0 */
  async publish({ qos = 0, ...message }: Message): Promise<number> {
    const id = qos > 0 ? this.nextId() : 0;
    this.send(c.publish({ version: this.version, qos, id, ...message }));
    if (qos === 0) return 0;
    const answer = await this.take(qos === 1 ? 'puback' : 'pubrec');
    assert.equal(answer.id, id, `${answer.type} has the packet identifier of its PUBLISH`);
    if (qos === 2 && answer.reason < 0x80) {
      this.send(c.pubrel(id));
      assert.equal((await this.take('pubcomp')).id, id, 'PUBCOMP has the packet identifier of its PUBREL');
    }
    return answer.reason;
  }

  /**
   * All that this client published at QoS 1 has been passed on. A server may acknowledge a message before it has passed it
   * on, to subscriptions that are made meanwhile as well; cases about what is retained, and what is not, wait for it.
   */
  async settled(): Promise<void> {
    const topic = `settled/${this.clientId}`;
    if (!this.#settles) await this.subscribe(topic, 1);
    this.#settles = true;
    await this.publish({ topic, qos: 1 });
    await this.#find((packet) => packet.topic === topic, PATIENCE_MS).then((packet) => {
      if (packet !== null) this.send(c.puback(packet.id));
    });
  }

  /** @returns the reason codes of SUBACK */
  async subscribe(
    filters: string | readonly c.Filter[],
    options = 2,
    properties?: Properties,
  ): Promise<readonly number[]> {
    const id = this.nextId();
    const list: readonly c.Filter[] = typeof filters === 'string' ? [[filters, options]] : filters;
    const answer = await this.send(c.subscribe(id, list, this.version, properties)).take('suback');
    assert.equal(answer.id, id, 'SUBACK has the packet identifier of its SUBSCRIBE');
    return answer.reasons;
  }

  async unsubscribe(...filters: string[]): Promise<readonly number[]> {
    const id = this.nextId();
    const answer = await this.send(c.unsubscribe(id, filters, this.version)).take('unsuback');
    assert.equal(answer.id, id, 'UNSUBACK has the packet identifier of its UNSUBSCRIBE');
    return answer.reasons;
  }

  /** Everything sent before has been read by the server, and everything it had to answer at once has come. */
  async ping(): Promise<void> {
    await this.send(c.pingreq).take('pingresp');
  }

  async leave(reason?: number, properties?: Properties): Promise<void> {
    this.send(this.version === 5 ? c.disconnect(reason, properties) : c.disconnect());
    await this.#until(() => this.#isClosed, PATIENCE_MS);
  }

  // ---- inside

  async #find(wanted: (packet: ServerPacket) => boolean, patienceMs: number): Promise<ServerPacket | null> {
    await this.#until(() => this.#received.some(wanted) || this.#isClosed, patienceMs);
    const at = this.#received.findIndex(wanted);
    return at < 0 ? null : (this.#received.splice(at, 1)[0] ?? null);
  }

  async #until(condition: () => boolean, patienceMs: number): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      if (this.#error !== null) throw this.#error;
      const left = deadline - performance.now();
      if (condition() || left <= 0) return;
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(() => late.resolve(), left);
      await Promise.race([this.#changed.promise, late.promise]);
      clearTimeout(timer);
    }
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let length = packetLength(this.#bytes); length > 0; length = packetLength(this.#bytes)) {
      try {
        this.#received.push(decode(this.#bytes.subarray(0, length), this.version));
      } catch (error) {
        this.#error ??= error instanceof Error ? error : new Error(String(error));
      }
      this.#bytes = this.#bytes.subarray(length);
    }
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function hex(reason: number): string {
  return `0x${reason.toString(16).padStart(2, '0')}`;
}
