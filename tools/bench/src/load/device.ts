import { connect, type Socket } from 'node:net';
import type { LatencyHistogram } from '../measure/latency-histogram.ts';
import { monotonicUs } from '../measure/monotonic.ts';
import { MARK } from '../message-mark.ts';
import { AnswerReader } from './answer-reader.ts';
import { connectFrame, DISCONNECT, publishFrames, pubrel } from './frames.ts';
import type { LoadPlan } from './load-contract.ts';

/** What the devices of a load share. */
export interface Fleet {
  readonly plan: LoadPlan;
  /** Where the kernel puts what a socket receives; read before any other socket is. */
  readonly inbox: Buffer;
  /** From PUBLISH to its last acknowledgement; replaced at each mark. */
  latency: LatencyHistogram;
  published: number;
  acknowledged: number;
  /** Called when a device has room for another message. */
  ready: (device: Device) => void;
  /** Called once for a device whose connection ends. */
  lost: (device: Device, reason: string) => void;
}

const [CONNACK, PUBACK, PUBREC, PUBCOMP] = [2, 4, 5, 7];

/**
 * One client on a raw socket. Its frames are a ring with one place for each message in flight, encoded once: a message takes the
 * next place, gets its number and time written over those of the one before, and leaves the place with its acknowledgement,
 * when the bytes are certainly no longer needed.
 */
export class Device {
  readonly client: number;
  readonly #fleet: Fleet;
  readonly #window: number;
  readonly #frameBytes: number;
  readonly #bytes: Buffer;
  readonly #places: number;
  readonly #view: DataView;
  readonly #markAt: number;
  readonly #sentUs: Float64Array;
  readonly #answers = new AnswerReader();
  readonly #answer = (type: number, packetId: number): void => this.#take(type, packetId);
  #socket: Socket | undefined;
  #connected: ((reason?: string) => void) | undefined;
  #open = false;
  #failure = '';
  #next = 0;
  #oldest = 0;
  #inFlight = 0;
  #number = 0;

  constructor(fleet: Fleet, client: number) {
    const { bytes, frameBytes, markAt } = publishFrames(fleet.plan, client);
    this.client = client;
    this.#fleet = fleet;
    this.#window = fleet.plan.window;
    this.#bytes = bytes;
    this.#frameBytes = frameBytes;
    this.#places = bytes.length / frameBytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#markAt = markAt;
    this.#sentUs = new Float64Array(this.#places);
  }

  get free(): number {
    return this.#open ? this.#window - this.#inFlight : 0;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** All messages up to this number are acknowledged. */
  get acknowledgedTo(): number {
    return this.#fleet.plan.qos === 0 ? 0 : this.#number - this.#inFlight;
  }

  /** Rejects if the server does not accept the client. */
  connect(): Promise<void> {
    const { host, port } = this.#fleet.plan;
    return new Promise((resolve, reject) => {
      this.#connected = (reason) => {
        this.#connected = undefined;
        if (reason === undefined) resolve();
        else reject(new Error(reason));
      };
      const socket = connect({
        host,
        port,
        noDelay: true,
        onread: { buffer: this.#fleet.inbox, callback: (length, bytes) => this.#read(length, bytes) },
      });
      this.#socket = socket;
      socket.on('error', (error) => (this.#failure ||= error.message));
      socket.on('close', () => this.#closed());
      socket.write(connectFrame(this.client));
    });
  }

  /** Publishes `count` messages, no more than are free, as made at `us`. */
  publish(count: number, us: number): void {
    const first = this.#next;
    for (let i = 0; i < count; i++) {
      const place = this.#next;
      const at = place * this.#frameBytes + this.#markAt;
      this.#view.setUint32(at + MARK.number, ++this.#number);
      this.#view.setFloat64(at + MARK.timeUs, us);
      this.#sentUs[place] = us;
      this.#next = place + 1 === this.#places ? 0 : place + 1;
    }
    this.#inFlight += count;
    this.#fleet.published += count;
    // QoS 0 has no acknowledgement: a place is free again when its bytes have left, but not before every other socket
    // has had its turn.
    const written = this.#fleet.plan.qos === 0 ? () => setImmediate(() => this.#free(count)) : undefined;
    this.#write(first, count, written);
  }

  end(): void {
    this.#open = false;
    this.#socket?.end(DISCONNECT);
  }

  #write(first: number, count: number, written: (() => void) | undefined): void {
    const size = this.#frameBytes;
    const end = first + count;
    const socket = this.#socket;
    if (end <= this.#places) {
      socket?.write(this.#bytes.subarray(first * size, end * size), written);
      return;
    }
    socket?.cork();
    socket?.write(this.#bytes.subarray(first * size));
    socket?.write(this.#bytes.subarray(0, (end - this.#places) * size), written);
    socket?.uncork();
  }

  #free(count: number): void {
    this.#inFlight -= count;
    if (this.#open) this.#fleet.ready(this);
  }

  #read(length: number, bytes: Uint8Array): boolean {
    const before = this.#inFlight;
    if (!this.#answers.read(bytes, length, this.#answer)) {
      this.#failure ||= 'it sent a packet that is no acknowledgement';
      this.#socket?.destroy();
    } else if (this.#open && this.#inFlight < before) this.#fleet.ready(this);
    return true;
  }

  #take(type: number, packetId: number): void {
    if (type === CONNACK) return this.#accepted(packetId & 255);
    const place = packetId - 1;
    if (type === PUBREC && place >= 0 && place < this.#places) {
      this.#socket?.write(pubrel(packetId));
      return;
    }
    // [MQTT-4.6.0-2]: in the order of the PUBLISHes.
    const wanted = this.#fleet.plan.qos === 2 ? PUBCOMP : PUBACK;
    if (type !== wanted || place !== this.#oldest || this.#inFlight === 0) {
      this.#failure ||= `it sent packet type ${type} with id ${packetId} instead of the acknowledgement of ${this.#oldest + 1}`;
      this.#socket?.destroy();
      return;
    }
    this.#oldest = (place + 1) % this.#places;
    this.#inFlight--;
    this.#fleet.acknowledged++;
    this.#fleet.latency.record(monotonicUs() - this.#sentUs[place]!);
  }

  #accepted(code: number): void {
    this.#open = code === 0;
    this.#connected?.(code === 0 ? undefined : `client ${this.client} was refused with code ${code}`);
  }

  #closed(): void {
    const wasOpen = this.#open;
    this.#open = false;
    const reason = this.#failure || 'the server closed the connection';
    this.#connected?.(reason);
    if (wasOpen) this.#fleet.lost(this, reason);
  }
}
