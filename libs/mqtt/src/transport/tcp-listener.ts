import { createServer, type Socket } from 'node:net';
import type { MqttEngine } from '../engine/mqtt-engine.ts';
import { defaultListenOptions, listen, type Listener, type ListenOptions } from './listener.ts';

/** Seconds without traffic after which the kernel probes a silent peer. */
const PROBE_AFTER_MS = 60_000;

/**
 * Listens for MQTT over TCP.
 * @throws MqttError 'listen-failed'
 */
export async function listenTcp(engine: MqttEngine, options: Partial<ListenOptions> = {}): Promise<Listener> {
  const limits = { ...defaultListenOptions, ...options };
  let refused = 0;
  const server = createServer(
    // Half-open: what a client sent before it closed its side is still processed and acknowledged.
    { noDelay: true, allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
    (socket) => {
      if (engine.counters.connections >= limits.maxConnections) {
        refused++;
        socket.destroy();
        return;
      }
      engine.attach(socket, { transport: 'tcp', remoteAddress: addressOf(socket) });
    },
  );
  const { host, port } = await listen(server, limits);
  return {
    host,
    port,
    get refused() {
      return refused;
    },
    close() {
      server.close();
      return Promise.resolve();
    },
  };
}

export function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
}
