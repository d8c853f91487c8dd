import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  host: string;
  port: number;
  clients: number;
  /** Messages each client keeps unacknowledged. */
  window: number;
  payloadBytes: number;
}

const CONNACK_BYTES = 4;
const PUBACK_BYTES = 4;

/** Devices that publish at QoS 1 as fast as they are acknowledged. Nothing is parsed: answers are counted by their bytes. */
export class Load {
  acknowledged = 0;
  #devices: LoadDevice[] = [];

  static async start(options: LoadOptions): Promise<Load> {
    const load = new Load();
    // In steps, so that the storm of connects does not end up in what is measured.
    for (let n = 0; n < options.clients; n += 100) {
      const step = Array.from({ length: Math.min(100, options.clients - n) }, (_, i) =>
        LoadDevice.connect(options, n + i, (count) => (load.acknowledged += count)),
      );
      load.#devices.push(...(await Promise.all(step)));
    }
    return load;
  }

  go(): void {
    for (const device of this.#devices) device.go();
  }

  stop(): void {
    for (const device of this.#devices) device.stop();
  }
}

class LoadDevice {
  readonly #socket: Socket;
  readonly #window: Buffer;
  readonly #packetBytes: number;
  #partial = 0;
  #stopped = false;

  private constructor(socket: Socket, { window, payloadBytes }: LoadOptions, n: number) {
    this.#socket = socket;
    const packets = Array.from({ length: window }, (_, i) =>
      publish(`bench/device-${n}/state`, i + 1, payloadBytes),
    );
    this.#packetBytes = packets[0]?.length ?? 0;
    this.#window = Buffer.concat(packets);
  }

  static connect(
    options: LoadOptions,
    n: number,
    onAcknowledged: (count: number) => void,
  ): Promise<LoadDevice> {
    return new Promise((resolve, reject) => {
      const { host, port } = options;
      const socket = connect({ host, port, noDelay: true }, () => socket.write(connectPacket(`bench-${n}`)));
      const device = new LoadDevice(socket, options, n);
      socket.once('error', reject);
      socket.once('data', (connack) => {
        if (connack.length !== CONNACK_BYTES || connack[3] !== 0) return reject(new Error('refused'));
        socket.on('data', (bytes) => onAcknowledged(device.#answer(bytes.length)));
        resolve(device);
      });
    });
  }

  go(): void {
    this.#socket.write(this.#window);
  }

  stop(): void {
    this.#stopped = true;
    this.#socket.destroy();
  }

  /** As many packets as were acknowledged leave again. Their ids repeat, which is fine as long as answers are in order. */
  #answer(bytes: number): number {
    const total = this.#partial + bytes;
    const count = Math.floor(total / PUBACK_BYTES);
    this.#partial = total % PUBACK_BYTES;
    if (count > 0 && !this.#stopped) this.#socket.write(this.#window.subarray(0, count * this.#packetBytes));
    return count;
  }
}

function connectPacket(clientId: string): Buffer {
  const id = Buffer.from(clientId);
  const body = Buffer.concat([
    Buffer.from([0, 4]),
    Buffer.from('MQTT'),
    Buffer.from([4, 2, 0, 0, 0, id.length]),
    id,
  ]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

function publish(topic: string, packetId: number, payloadBytes: number): Buffer {
  const name = Buffer.from(topic);
  const length = 2 + name.length + 2 + payloadBytes;
  return Buffer.concat([
    Buffer.from([0x32, (length & 127) | 128, length >> 7]),
    Buffer.from([0, name.length]),
    name,
    Buffer.from([packetId >> 8, packetId & 255]),
    Buffer.alloc(payloadBytes, 0x61),
  ]);
}
