import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

// ApiVersions v0 (api key 18) with a null client id: length, api key, version, correlation id, client id length.
const CORRELATION = 0x7472_6962;
const REQUEST = Buffer.from('0000000a00120000' + CORRELATION.toString(16) + 'ffff', 'hex');

/** Resolves when a Kafka broker answers ApiVersions at this address; rejects when it refuses, stays silent or closes. */
export function kafkaAnswers(host: string, port: number, timeoutMs = 2000): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => socket.write(REQUEST));
    let bytes = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`no answer from ${host}:${port} in ${timeoutMs} ms`)),
    );
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${host}:${port} closed the connection without an answer`)));
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < 10) return;
      if (bytes.readInt32BE(4) === CORRELATION && bytes.readInt16BE(8) === 0) resolve();
      else reject(new Error(`${host}:${port} is not a Kafka broker`));
      socket.destroy();
    });
  });
}

/** Resolves when a broker answers there; rejects with the last failure when `signal` is aborted. */
export async function kafkaReady(host: string, port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await kafkaAnswers(host, port);
      return;
    } catch (error) {
      if (signal.aborted) throw error;
    }
    await delay(50);
  }
}
