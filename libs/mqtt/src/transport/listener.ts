import type { Server } from 'node:net';
import { MqttError } from '../errors.ts';

export interface ListenOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Connections the kernel holds for us before we accept them. */
  backlog: number;
  /** All streams of the engine. */
  maxConnections: number;
}

export const defaultListenOptions: ListenOptions = {
  host: '127.0.0.1',
  port: 1883,
  backlog: 4096,
  maxConnections: 1_000_000,
};

/** A listening socket. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Connections closed at once because the engine has as many as it may. */
  readonly refused: number;
  /** Stops accepting; connections already attached to the engine stay. */
  close(): Promise<void>;
}

/** @throws MqttError 'listen-failed' */
export function listen(server: Server, options: ListenOptions): Promise<{ host: string; port: number }> {
  const { host, port, backlog } = options;
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new MqttError('listen-failed', `cannot listen on ${host}:${port}: ${cause.message}`, { cause })),
    );
    server.listen({ host, port, backlog }, () => {
      server.removeAllListeners('error');
      server.on('error', () => {});
      const address = server.address();
      if (address === null || typeof address === 'string') {
        reject(new MqttError('listen-failed', `no TCP address on ${host}:${port}`));
      } else {
        resolve({ host: address.address, port: address.port });
      }
    });
  });
}
