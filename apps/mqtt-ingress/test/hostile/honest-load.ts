import { connect } from 'node:net';
import { once } from 'node:events';
import type { Target } from './hostile-socket.ts';
import * as p from './packets.ts';

const CLIENTS = 20;
const WINDOW = 50;
/** PUBACK of MQTT 3.1.1. */
const PUBACK_BYTES = 4;
const CONNACK_BYTES = 4;

/** Well-formed QoS 1 traffic of some clients, as much as the node takes. @returns PUBLISHes acknowledged */
export async function honestLoad(target: Target, signal: AbortSignal): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: CLIENTS }, (_, n) => publishAll(target, `honest-${n}`, signal)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function publishAll(target: Target, clientId: string, signal: AbortSignal): Promise<number> {
  const socket = connect({ ...target, noDelay: true });
  await once(socket, 'connect');
  const window = Buffer.concat(
    Array.from({ length: WINDOW }, (_, n) =>
      p.publish({ version: 4, qos: 1, id: n + 1, topic: `honest/${clientId}`, payload: Buffer.alloc(100) }),
    ),
  );
  let received = 0;
  let sent = 0;
  socket.write(p.connect({ version: 4, clientId }));
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (received < CONNACK_BYTES + sent * PUBACK_BYTES) continue;
    if (signal.aborted) break;
    socket.write(window);
    sent += WINDOW;
  }
  socket.destroy();
  return sent;
}
