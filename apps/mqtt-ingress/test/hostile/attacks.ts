import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { HostileSocket, type Outcome, type Target } from './hostile-socket.ts';
import { hostileStream } from './mutation.ts';
import * as p from './packets.ts';
import type { Random } from './random.ts';

/** One hostile connection, from its first byte to its end. */
export type Attack = (target: Target, random: Random, outcome: Outcome, signal: AbortSignal) => Promise<void>;

export interface AttackKind {
  attack: Attack;
  /** So many go on at once, one after the other. */
  parallel: number;
  /** Default: TCP. */
  over?: 'websocket';
}

const EMPTY_PAIR = p.userProperty('', '');

const id = (): string => `hostile-${randomUUID()}`;

/** Opens a connection and has its CONNECT accepted or refused. */
async function connected(
  target: Target,
  outcome: Outcome,
  fields: Partial<p.ConnectFields> = {},
): Promise<HostileSocket> {
  const socket = await HostileSocket.open(target, outcome);
  await socket.write(p.connect({ clientId: id(), ...fields }));
  return socket;
}

/** Sends one of `floods` after the other, as fast as the node takes them, for a while. */
async function flood(
  socket: HostileSocket,
  signal: AbortSignal,
  floods: readonly Buffer[],
  ms = 3_000,
): Promise<void> {
  const until = performance.now() + ms;
  for (let turn = 0; performance.now() < until && !socket.closed && !signal.aborted; turn++) {
    await socket.write(floods[turn % floods.length] ?? p.pingreq, 200);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await socket.judge();
}

/** Made once: an attacker does not spend on what it sends. */
function prepared<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function many(count: number, make: (n: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, n) => make(n)));
}

const mutatedStream: Attack = async (target, random, outcome) => {
  const socket = await HostileSocket.open(target, outcome);
  for (const segment of hostileStream(random, id())) {
    if (!(await socket.write(segment))) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  await socket.judge();
};

const slowDrip: Attack = async (target, _random, outcome, signal) => {
  const socket = await HostileSocket.open(target, outcome);
  const bytes = p.connect({ clientId: id() });
  for (let at = 0; at < bytes.length && !socket.closed && !signal.aborted; at++) {
    await socket.write(bytes.subarray(at, at + 1));
    await delay(150);
  }
  await socket.judge();
};

const halfOpen: Attack = async (target, _random, outcome) => {
  const socket = await HostileSocket.open(target, outcome, false);
  await socket.judge();
};

const giantLength: Attack = async (target, random, outcome) => {
  const announced = random.pick([0x0fff_ffff, 0x7f_ffff, 900_000]);
  const header = Buffer.concat([Buffer.from([0x32]), p.variable(announced)]);
  const first = random.once(3);
  const socket = first ? await HostileSocket.open(target, outcome) : await connected(target, outcome);
  await socket.write(header);
  for (let sent = 0; sent < 300_000 && !socket.closed; sent += 16_384)
    await socket.write(Buffer.alloc(16_384, 'x'));
  socket.end();
  await socket.judge();
};

const manyFilters = prepared(() =>
  [1, 50, 1_000, 1_100].map((count) =>
    Array.from({ length: 8 }, (_, turn) => {
      const filters = Array.from({ length: count }, (_, n) => `hostile/${turn % 5}/${n}/+`);
      return turn % 4 === 3 ? p.unsubscribe(5, 1 + turn, filters) : p.subscribe(5, 1 + turn, filters);
    }),
  ),
);

const subscribeFlood: Attack = async (target, random, outcome, signal) => {
  const socket = await connected(target, outcome);
  await flood(socket, signal, manyFilters()[random.below(4)] ?? []);
};

const pingFlood: Attack = async (target, _random, outcome, signal) => {
  const socket = await connected(target, outcome);
  await flood(socket, signal, [Buffer.alloc(2_000, p.pingreq)], 6_000);
};

const strayAcknowledgements = prepared(() =>
  many(2_000, (n) => p.packet([0x62, 0x40, 0x50, 0x70][n % 4] ?? 0, p.u16(1 + n * 7))),
);

const releaseFlood: Attack = async (target, _random, outcome, signal) => {
  const socket = await connected(target, outcome);
  await flood(socket, signal, [strayAcknowledgements()]);
};

/** Of one identifier all take over from each other; of many each is a session. */
const reconnect: Attack = async (target, random, outcome) => {
  const clientId = random.once(2) ? 'hostile-storm' : id();
  const socket = await connected(target, outcome, { clientId, version: random.pick<p.Version>([4, 5]) });
  if (random.once(2)) await socket.judge();
  else socket.end();
  await socket.judge();
};

const unreadPublishes = prepared(() =>
  many(500, (n) => p.publish({ version: 4, qos: 1, id: n + 1, topic: 'hostile/unread' })),
);

const unreadAnswer: Attack = async (target, _random, outcome, signal) => {
  const socket = await HostileSocket.open(target, outcome, false);
  await socket.write(p.connect({ clientId: id(), version: 4 }));
  await flood(socket, signal, [unreadPublishes()], 4_000);
};

/** Asks for messages, and does not read them. */
const unreadDeliveries: Attack = async (target, _random, outcome, signal) => {
  const socket = await HostileSocket.open(target, outcome, false);
  await socket.write(p.connect({ clientId: id(), version: 4 }));
  await socket.write(p.subscribe(4, 1, ['hostile/deliver']));
  const message = p.publish({ version: 4, topic: 'hostile/deliver', payload: Buffer.alloc(20_000) });
  for (let n = 0; n < 100 && !socket.closed && !signal.aborted; n++) {
    await socket.write(message);
    await delay(20);
  }
  await socket.ends(2_000);
  await socket.judge();
};

const openPublishes = prepared(() =>
  ([4, 5] as const).map((version) =>
    Array.from({ length: 40 }, (_, turn) =>
      many(500, (n) => p.publish({ version, qos: 2, id: 1 + turn * 500 + n })),
    ),
  ),
);

const neverReleased: Attack = async (target, random, outcome) => {
  const version = random.pick<p.Version>([4, 5]);
  const socket = await connected(target, outcome, { version });
  for (const publishes of openPublishes()[version - 4] ?? []) await socket.write(publishes);
  await socket.judge();
};

const aliased = prepared(() =>
  Array.from({ length: 400 }, (_, turn) => {
    const alias = Buffer.from([0x23, 0, turn === 399 ? 99 : 1 + (turn % 8)]);
    const topic = turn > 8 && turn % 3 === 0 ? '' : `${turn}/`.padEnd(3_900, 'x');
    return p.publish({ topic, properties: [alias] });
  }),
);

const aliasAbuse: Attack = async (target, _random, outcome, signal) => {
  const socket = await connected(target, outcome);
  await flood(socket, signal, aliased(), 1_000);
};

const hugeProperties: Attack = async (target, random, outcome) => {
  const pairs = (count: number): Buffer[] => [Buffer.alloc(count * EMPTY_PAIR.length, EMPTY_PAIR)];
  const version = 5;
  if (random.once(2)) {
    const socket = await connected(target, outcome, { properties: pairs(random.pick([20_000, 30_000])) });
    await socket.judge();
    return;
  }
  const socket = await connected(target, outcome);
  for (let n = 0; n < 3; n++) {
    await socket.write(
      p.publish({ version, qos: 1, id: 1 + n, properties: pairs(random.pick([50_000, 150_000, 250_000])) }),
    );
  }
  await socket.judge();
};

const wills: Attack = async (target, random, outcome) => {
  const topic = random.pick(['hostile/will', 'x/'.repeat(200), 'y'.repeat(10_000), '$SYS/z']);
  const socket = await connected(target, outcome, { will: { topic, payload: Buffer.alloc(60_000) } });
  await socket.judge();
};

/** Bytes that are no WebSocket upgrade, or only the beginning of one. */
const brokenUpgrade: Attack = async (target, random, outcome) => {
  const socket = await HostileSocket.open(target, outcome);
  const request = 'GET /mqtt HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n';
  const rest = random.pick([
    '',
    `x: ${'y'.repeat(20_000)}\r\n`,
    'sec-websocket-version: 13\r\nsec-websocket-protocol: mqtt\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  ]);
  await socket.write(Buffer.concat([Buffer.from(request + rest), random.bytes(random.below(200))]));
  await socket.judge();
};

/** Besides streams of mutated packets: each does one thing, and a lot of it. */
export const floods = {
  'slow drip of CONNECT': { attack: slowDrip, parallel: 40 },
  'half-open': { attack: halfOpen, parallel: 150 },
  'giant lengths': { attack: giantLength, parallel: 8 },
  'floods of SUBSCRIBE': { attack: subscribeFlood, parallel: 3 },
  'floods of PINGREQ': { attack: pingFlood, parallel: 3 },
  'floods of acknowledgements': { attack: releaseFlood, parallel: 2 },
  'reconnect storm': { attack: reconnect, parallel: 8 },
  'answers not read': { attack: unreadAnswer, parallel: 8 },
  'deliveries not read': { attack: unreadDeliveries, parallel: 8 },
  'QoS 2 without PUBREL': { attack: neverReleased, parallel: 2 },
  'topic alias abuse': { attack: aliasAbuse, parallel: 2 },
  'huge user properties': { attack: hugeProperties, parallel: 2 },
  'large wills': { attack: wills, parallel: 2 },
  'broken WebSocket upgrades': { attack: brokenUpgrade, parallel: 20, over: 'websocket' },
} as const satisfies Record<string, AttackKind>;

export const streams = {
  'mutated streams': { attack: mutatedStream, parallel: 32 },
} as const satisfies Record<string, AttackKind>;
