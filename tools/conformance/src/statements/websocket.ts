import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Scene } from './scene.ts';
import type { Statement } from './statement.ts';

/** A WebSocket of Node's own, with what came out of it. */
class Socket implements Disposable {
  readonly #socket: WebSocket;
  readonly #chunks: Buffer[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;

  constructor(s: Scene, protocols: string[]) {
    this.#socket = new WebSocket(s.target.websocket, protocols);
    this.#socket.binaryType = 'arraybuffer';
    this.opened = new Promise((resolve, reject) => {
      this.#socket.addEventListener('open', () => resolve());
      this.#socket.addEventListener('error', () => reject(new Error('no WebSocket')));
    });
    this.closed = new Promise((resolve) => this.#socket.addEventListener('close', () => resolve()));
    this.#socket.addEventListener('message', ({ data }) => {
      assert.ok(data instanceof ArrayBuffer, 'a frame that is not binary');
      this.#chunks.push(Buffer.from(data));
    });
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  send(data: Buffer | string): void {
    this.#socket.send(typeof data === 'string' ? data : new Uint8Array(data));
  }

  async hex(bytes: number): Promise<string> {
    const deadline = performance.now() + 5_000;
    for (;;) {
      const all = Buffer.concat(this.#chunks);
      if (all.length >= bytes || performance.now() > deadline) return all.toString('hex');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** 6: MQTT over WebSocket. */
export const websocket: readonly Statement[] = [
  {
    id: '4.2-1',
    says: 'MQTT is spoken over an ordered, lossless stream: TCP and WebSocket',
    test: async (s) => {
      await (await s.connect()).ping();
      using socket = new Socket(s, ['mqtt']);
      await socket.opened;
      socket.send(c.join(c.connect({ version: 4, clientId: s.clientId('ws') }), c.pingreq));
      assert.equal(await socket.hex(6), '20020000d000');
    },
  },
  {
    id: '6.0.0-1',
    says: 'packets travel in binary frames; any other frame ends the connection',
    test: async (s) => {
      using socket = new Socket(s, ['mqtt']);
      await socket.opened;
      socket.send(c.connect({ version: 4, clientId: s.clientId() }));
      assert.equal(await socket.hex(4), '20020000');
      socket.send('text');
      await socket.closed;
    },
  },
  {
    id: '6.0.0-2',
    says: 'a frame may hold several packets, or a part of one',
    test: async (s) => {
      using socket = new Socket(s, ['mqtt']);
      await socket.opened;
      const all = c.join(
        c.connect({ version: 4, clientId: s.clientId() }),
        c.publish({ version: 4, topic: s.topic(), qos: 1, id: 7, payload: 'x'.repeat(300) }),
        c.pingreq,
      );
      for (const [from, to] of [
        [0, 1],
        [1, 40],
        [40, 41],
        [41, all.length],
      ] as const)
        socket.send(all.subarray(from, to));
      const answers = await socket.hex(10);
      assert.ok(answers.startsWith('20020000'));
      assert.ok(answers.includes('40020007') && answers.includes('d000'));
    },
  },
  {
    id: '6.0.0-4',
    says: 'the subprotocol that the server chooses is mqtt',
    test: async (s) => {
      using socket = new Socket(s, ['other', 'mqtt']);
      await socket.opened;
      assert.equal(socket.protocol, 'mqtt');
    },
  },
];
