import * as p from '../support/packets.ts';
import { mutated } from './mutation.ts';
import { Random } from './random.ts';

/** What one client sends, from its first byte to its last, and how it is cut. */
export interface ByteStream {
  readonly seed: number;
  readonly version: 3 | 4 | 5;
  /** Ends with a PINGREQ, which a server that follows answers when it has read all before. */
  readonly bytes: Buffer;
  readonly segments: readonly Buffer[];
  /** What was done to it, for the reader of a failure. */
  readonly mutations: readonly string[];
}

/** A client's life that is valid, or nearly. The same seed gives the same stream. */
export function byteStream(seed: number): ByteStream {
  const random = new Random(seed);
  const version = random.pick([3, 4, 5, 5] as const);
  const packets = [connectOf(random, version, seed)];
  for (let n = random.below(8); n > 0; n--) packets.push(packetOf(random, version));
  const mutations: string[] = [];
  // Two in five stay as they are: what is valid must be understood alike.
  for (let n = random.chance(60) ? 1 + random.below(2) : 0; n > 0; n--) {
    const at = random.chance(20) ? 0 : random.below(packets.length);
    const { bytes, name } = mutated(random, packets[at] ?? Buffer.alloc(0), version);
    packets[at] = bytes;
    mutations.push(`${name} in packet ${at}`);
  }
  const bytes = Buffer.concat([...packets, p.pingreq]);
  return { seed, version, bytes, segments: segmentsOf(random, bytes), mutations };
}

function segmentsOf(random: Random, bytes: Buffer): Buffer[] {
  const most = random.pick([1, 7, 7, 40, bytes.length]);
  const segments: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + random.below(most);
    segments.push(bytes.subarray(at, at + size));
    at += size;
  }
  return segments;
}

const TOPICS = [
  'a',
  'a/b',
  '/',
  'ä/😀',
  '$SYS/x',
  '$x',
  'echo/1',
  'echo/long/topic',
  'refuse/1',
  '\uFEFFx',
  '__proto__',
  'a//b',
  ' ',
];
const FILTERS = ['a', '#', '+', 'a/+/b', '+/#', '$share/g/a', '$SYS/#', 'refuse/#', '__proto__', 'ä/+', '/'];
const TEXTS = ['', 'x', 'ä', '\uFEFF', 'constructor', '10', 'text/plain'];
const IDS = [1, 2, 3, 255, 256, 65535];

function connectOf(random: Random, version: 3 | 4 | 5, seed: number): Buffer {
  const will = random.chance(25);
  const user = random.chance(25);
  const willQos = random.below(3);
  const flags = (will ? 4 | (willQos << 3) | (random.below(2) << 5) : 0) | (user ? 0xc0 : 0);
  const payload = [
    ...(will && version === 5 ? [willProperties(random)] : []),
    ...(will ? [p.string(random.pick(TOPICS)), p.string(random.bytes(10))] : []),
    ...(user ? [p.string(random.pick(TEXTS)), p.string(random.bytes(10))] : []),
  ];
  const properties = p.properties(
    ...some(random, [
      [0x11, ...p.u32(random.pick([0, 1, 60, 0xffffffff]))],
      [0x21, ...p.u16(random.pick([1, 10, 65535]))],
      [0x27, ...p.u32(random.pick([500, 100_000]))],
      [0x22, ...p.u16(random.pick([0, 1, 10]))],
      [0x19, random.below(2)],
      [0x17, random.below(2)],
      [...p.userProperty(random.pick(TEXTS), random.pick(TEXTS))],
    ]),
  );
  // Nearly always its own, so that a server that routes does not take one for the other.
  const clientId = random.chance(90)
    ? random.pick([`d${seed}`, `ä${seed}`, `__proto__${seed}`])
    : random.pick(['', '__proto__', 'constructor']);
  return p.connect({
    version,
    clientId,
    clean: clientId === '' || random.chance(70),
    keepAlive: random.pick([0, 60]),
    flags,
    payload,
    properties,
  });
}

function willProperties(random: Random): Buffer {
  return p.properties(...some(random, [[0x18, ...p.u32(random.below(100))], ...messageProperties(random)]));
}

function messageProperties(random: Random): number[][] {
  return [
    [1, random.below(2)],
    [2, ...p.u32(random.pick([1, 60, 0xffffffff]))],
    [3, ...p.string(random.pick(TEXTS))],
    [8, ...p.string(random.pick(['r', 'ä/b']))],
    [9, ...p.string(random.bytes(6))],
    [...p.userProperty(random.pick(TEXTS), random.pick(TEXTS))],
    [...p.userProperty(random.pick(TEXTS), random.pick(TEXTS))],
  ];
}

function some(random: Random, properties: readonly number[][]): number[][] {
  return random.chance(40) ? [] : properties.filter(() => random.chance(40));
}

function packetOf(random: Random, version: 3 | 4 | 5): Buffer {
  const id = random.pick(IDS);
  const block =
    version === 5
      ? p.properties(...some(random, [[...p.userProperty(random.pick(TEXTS), random.pick(TEXTS))]]))
      : undefined;
  switch (random.below(10)) {
    case 0:
      return p.subscribe(
        id,
        filters(random, version),
        version === 5 && random.chance(40) ? p.properties([0x0b, random.pick([1, 127])]) : block,
      );
    case 1:
      return p.unsubscribe(
        id,
        filters(random, version).map(([filter]) => filter),
        block,
      );
    case 2:
      return p.pubrel(id);
    case 3:
      return random.pick([p.puback, p.pubrec, p.pubcomp])(
        id,
        ...(version === 5 && random.chance(50) ? [0] : []),
      );
    case 4:
      if (random.chance(60)) return publishOf(random, version, id);
      return version === 5 && random.chance(50) ? p.disconnect(random.pick([0, 4, 0x80])) : p.disconnect();
    default:
      return publishOf(random, version, id);
  }
}

function filters(random: Random, version: 3 | 4 | 5): [string, number][] {
  return Array.from({ length: 1 + random.below(3) }, (): [string, number] => {
    const filter = random.pick(FILTERS);
    const noLocal = filter.startsWith('$share') ? 0 : random.below(2) << 2;
    const options = version === 5 ? noLocal | (random.below(2) << 3) | (random.below(3) << 4) : 0;
    return [filter, random.below(3) | options];
  });
}

function publishOf(random: Random, version: 3 | 4 | 5, id: number): Buffer {
  const qos = random.below(3);
  const alias = version === 5 && random.chance(25) ? [[0x23, 0, 1 + random.below(4)]] : [];
  const topic = alias.length > 0 && random.chance(40) ? '' : random.pick(TOPICS);
  const properties = p.properties(...some(random, messageProperties(random)), ...alias);
  const payload = random.chance(5) ? Buffer.alloc(3_000, 7) : random.bytes(40);
  return p.publish({
    version,
    topic,
    qos,
    id,
    retain: random.chance(30),
    dup: qos > 0 && random.chance(20),
    payload,
    properties,
  });
}
