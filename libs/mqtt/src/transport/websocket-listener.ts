import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { closeGently } from '../engine/gentle-close.ts';
import type { Handshake } from '../engine/handshakes.ts';
import type { MqttEngine } from '../engine/mqtt-engine.ts';
import { defaultListenOptions, listen, type Listener, type ListenOptions } from './listener.ts';
import { addressOf } from './tcp-listener.ts';
import { WebSocketStream } from './websocket-stream.ts';

export interface WebSocketListenOptions extends ListenOptions {
  /** Where clients may connect. */
  paths: readonly string[];
  /** Largest WebSocket message in bytes; an MQTT packet may span several. */
  maxMessageBytes: number;
  /** From the TCP connection to the end of the HTTP request's headers. */
  upgradeTimeoutMs: number;
}

/** 'mqtt' for all versions (MQTT 5, 6); the older name is what 3.1 clients ask for. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];

/** How long a client whose upgrade was refused may take to read so. */
const REFUSAL_LINGER_MS = 2_000;

const defaults: WebSocketListenOptions = {
  ...defaultListenOptions,
  port: 8083,
  paths: ['/mqtt', '/'],
  maxMessageBytes: 1024 * 1024,
  upgradeTimeoutMs: 10_000,
};

/**
 * Listens for MQTT over WebSocket.
 * @throws MqttError 'listen-failed'
 */
export async function listenWebSocket(
  engine: MqttEngine,
  options: Partial<WebSocketListenOptions> = {},
): Promise<Listener> {
  const limits = { ...defaults, ...options };
  let refused = 0;
  const server = createServer(
    {
      noDelay: true,
      headersTimeout: limits.upgradeTimeoutMs,
      requestTimeout: limits.upgradeTimeoutMs,
      connectionsCheckingInterval: Math.min(limits.upgradeTimeoutMs, 5_000),
    },
    (_request, response) => {
      response.writeHead(426, { upgrade: 'websocket', connection: 'close', 'content-type': 'text/plain' });
      response.end('MQTT over WebSocket only\n');
    },
  );
  const upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.maxMessageBytes,
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  // A stream is the engine's from the upgrade on, but unfinished from its first byte.
  const upgrading = new WeakMap<Duplex, Handshake>();
  server.on('connection', (socket: Socket) => {
    const handshake = engine.handshakes.begin(addressOf(socket), () => socket.destroy());
    upgrading.set(socket, handshake);
    socket.once('close', () => engine.handshakes.end(handshake));
  });
  server.on('upgrade', (request, socket, head) => {
    const handshake = upgrading.get(socket);
    if (handshake !== undefined) engine.handshakes.end(handshake);
    const answer = refusalOf(request, limits.paths);
    if (answer !== null) {
      refuse(socket, answer);
      return;
    }
    if (engine.counters.connections >= limits.maxConnections) {
      refused++;
      refuse(socket, '503 Service Unavailable');
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const remoteAddress = addressOf(request.socket);
      engine.attach(new WebSocketStream(webSocket), { transport: 'websocket', remoteAddress });
    });
  });
  const { host, port } = await listen(server, limits);
  return {
    host,
    port,
    get refused() {
      return refused;
    },
    close() {
      server.close();
      server.closeIdleConnections();
      return Promise.resolve();
    },
  };
}

/** The status line of a refusal, or null: the path is ours and the client speaks a subprotocol of ours [MQTT-6.0.0-3]. */
function refusalOf(request: IncomingMessage, paths: readonly string[]): string | null {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (!paths.includes(path)) return '404 Not Found';
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.some((name) => SUBPROTOCOLS.includes(name)) ? null : '400 Bad Request';
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.write(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  closeGently(socket, REFUSAL_LINGER_MS);
}
