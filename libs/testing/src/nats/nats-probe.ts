import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface NatsInfo {
  version: string;
  jetstream?: boolean;
  max_payload: number;
}

/** The INFO line with which a NATS server greets every connection. */
export function natsInfo(host: string, port: number, timeoutMs = 2000): Promise<NatsInfo> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let text = '';
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`no INFO from ${host}:${port} in ${timeoutMs} ms`)),
    );
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${host}:${port} closed the connection without INFO`)));
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      const end = text.indexOf('\r\n');
      if (end < 0) return;
      const line = text.slice(0, end);
      if (line.startsWith('INFO ')) resolve(JSON.parse(line.slice('INFO '.length)) as NatsInfo);
      else reject(new Error(`${host}:${port} is not a NATS server`));
      socket.destroy();
    });
  });
}

/** Resolves when a NATS server answers there; rejects with the last failure when `signal` is aborted. */
export async function natsReady(host: string, port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await natsInfo(host, port);
      return;
    } catch (error) {
      if (signal.aborted) throw error;
    }
    await delay(15);
  }
}
