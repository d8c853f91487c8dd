import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { ByteStream } from './byte-stream.ts';
import { answersOf, type Observation } from './observation.ts';

/** Somebody who is sent streams. */
export interface Subject extends AsyncDisposable {
  readonly name: string;
  /** How long silence must last to mean that no answer will come. */
  readonly quietMs: number;
  readonly port: number;
  /** What the host heard from the connection that has this local port, once it has ended. */
  heard(localPort: number): Promise<readonly string[]>;
}

const PINGREQ = Buffer.from([0xc0, 0]);
const PINGRESP = Buffer.from([0xd0, 0]);
/** Enough for what was sent to be read, answered, and the answer read. */
const TURNS = 20;

/** Sends a stream and collects what comes of it. */
export async function observe(subject: Subject, { segments, version }: ByteStream): Promise<Observation> {
  const socket = connect({ host: '127.0.0.1', port: subject.port, noDelay: true, allowHalfOpen: true });
  const received: Buffer[] = [];
  let ended = false;
  let news = Promise.withResolvers<void>();
  const tell = (): void => {
    news.resolve();
    news = Promise.withResolvers();
  };
  socket.on('data', (chunk) => {
    received.push(chunk);
    tell();
  });
  const end = (): void => {
    ended = true;
    tell();
  };
  socket
    .on('end', end)
    .on('close', end)
    .on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', resolve));
  const localPort = socket.localPort ?? 0;
  for (const segment of segments) {
    if (ended) break;
    socket.write(segment);
    await turn();
  }
  // A PINGREQ behind the last is answered after all that there is to answer, unless the stream ended within a packet.
  let asked = false;
  while (!ended) {
    const before = received.length;
    if (Buffer.concat(received).subarray(-2).equals(PINGRESP)) {
      if (asked) break;
      asked = true;
      socket.write(PINGREQ);
    }
    await Promise.race([news.promise, silence(subject.quietMs)]);
    // A timer that fires late says nothing of what waits to be read: let it be.
    for (let n = 0; n < TURNS && received.length === before && !ended; n++) await turn();
    if (received.length === before) break;
  }
  const isOpen = !ended;
  await leave(socket);
  const { connack, answers, disconnect, why } = answersOf(Buffer.concat(received), version);
  return {
    connack,
    answers,
    end: isOpen ? 'open' : (disconnect ?? 'closed'),
    heard: await subject.heard(localPort),
    why,
  };
}

function silence(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function leave(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve();
    socket.once('close', () => resolve());
    socket.destroy();
  });
}
