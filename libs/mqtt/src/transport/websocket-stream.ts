import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Close codes of RFC 6455, 7.4.1. */
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;

/**
 * A WebSocket as the byte stream MQTT needs (MQTT 5, 6): packets and messages are independent of each other
 * [MQTT-6.0.0-2], and a text message ends the connection [MQTT-6.0.0-1].
 */
export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('message', (data, isBinary) => {
      if (!isBinary) {
        socket.close(UNSUPPORTED_DATA, 'MQTT needs binary messages');
        this.destroy();
      } else if (!this.push(bytesOf(data))) {
        socket.pause();
      }
    });
    socket.on('close', () => {
      this.push(null);
      this.destroy();
    });
    socket.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done);
  }

  /** One message for all that is written in one turn. */
  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.close(NORMAL);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Also one that waits for the other side's closing frame.
    if (this.#socket.readyState !== this.#socket.CLOSED) this.#socket.terminate();
    done(error);
  }

  /** `done` follows the socket: a peer that does not read makes the stream fill up. */
  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) {
      done();
      return;
    }
    this.#socket.send(bytes, { binary: true }, (error) => done(error ?? null));
  }
}

function bytesOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
