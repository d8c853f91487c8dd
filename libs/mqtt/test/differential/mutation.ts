import type { Random } from './random.ts';

interface Mutation {
  readonly name: string;
  change(random: Random, packet: Buffer, version: number): Buffer;
}

const INVALID_UTF8 = [
  Buffer.from([0xff]),
  Buffer.from([0xc3, 0x28]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0]),
];
const HOSTILE_LENGTHS = [
  [0x00],
  [0x80, 0x00],
  [0xff, 0x7f],
  [0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x01],
];

/** Offset of the body of a packet with a remaining length as short as can be. */
function bodyAt(packet: Buffer): number {
  let at = 1;
  while ((packet[at] ?? 0) >= 0x80 && at < 4) at++;
  return at + 1;
}

function withLength(packet: Buffer, length: readonly number[]): Buffer {
  return Buffer.concat([packet.subarray(0, 1), Buffer.from(length), packet.subarray(bodyAt(packet))]);
}

/** The packet with another body, and the length that goes with it. */
function withBody(packet: Buffer, body: Buffer): Buffer {
  const digits: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    digits.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest < 128) break;
  }
  return Buffer.concat([packet.subarray(0, 1), Buffer.from(digits), body]);
}

const mutations: readonly Mutation[] = [
  {
    name: 'flags',
    change: (random, packet) => {
      const copy = Buffer.from(packet);
      copy[0] = ((copy[0] ?? 0) & 0xf0) | random.below(16);
      return copy;
    },
  },
  {
    name: 'type',
    change: (random, packet) => {
      const copy = Buffer.from(packet);
      copy[0] = (random.below(16) << 4) | ((copy[0] ?? 0) & 15);
      return copy;
    },
  },
  { name: 'hostile length', change: (random, packet) => withLength(packet, random.pick(HOSTILE_LENGTHS)) },
  { name: 'cut off', change: (random, packet) => packet.subarray(0, random.below(packet.length)) },
  {
    name: 'body cut off, length right',
    change: (random, packet) => {
      const body = packet.subarray(bodyAt(packet));
      return withBody(packet, body.subarray(0, random.below(body.length + 1)));
    },
  },
  {
    name: 'bytes behind the end',
    change: (random, packet) =>
      withBody(packet, Buffer.concat([packet.subarray(bodyAt(packet)), random.bytes(4)])),
  },
  {
    name: 'not UTF-8',
    change: (random, packet) => {
      const copy = Buffer.from(packet);
      const bad = random.pick(INVALID_UTF8);
      if (copy.length > 4) bad.copy(copy, 4 + random.below(copy.length - 4));
      return copy;
    },
  },
  {
    name: 'a byte changed',
    change: (random, packet) => {
      const copy = Buffer.from(packet);
      copy[random.below(copy.length)] = random.below(256);
      return copy;
    },
  },
  {
    name: 'a bit changed',
    change: (random, packet) => {
      const copy = Buffer.from(packet);
      const at = random.below(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    },
  },
  {
    name: 'a part of the body twice',
    change: (random, packet) => {
      // Where it falls on a property, that is repeated; the property length may be right or not.
      const body = packet.subarray(bodyAt(packet));
      const from = random.below(body.length + 1);
      const part = body.subarray(from, from + random.pick([2, 3, 5, 7]));
      return withBody(packet, Buffer.concat([body.subarray(0, from), part, body.subarray(from)]));
    },
  },
  {
    name: 'a string length',
    change: (random, packet) => {
      const copy = Buffer.from(packet);
      const at = bodyAt(packet);
      if (copy.length >= at + 2) copy.writeUInt16BE(random.pick([0, 1, 0xffff, copy.length]), at);
      return copy;
    },
  },
  { name: 'sent twice', change: (_random, packet) => Buffer.concat([packet, packet]) },
  { name: 'noise', change: (random) => random.bytes(12) },
];

/** The packet with one thing done to it. */
export function mutated(random: Random, packet: Buffer, version: number): { bytes: Buffer; name: string } {
  if (packet.length === 0) return { bytes: packet, name: 'nothing' };
  const { name, change } = random.pick(mutations);
  return { bytes: change(random, packet, version), name };
}
