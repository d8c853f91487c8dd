import * as p from './packets.ts';
import type { Random } from './random.ts';

const NAMES: readonly [string, ...string[]] = ['a', 'a/b', 'hostile/x', '$SYS/x', '#', 'ä', '__proto__', ''];
/** Property identifiers of MQTT 5, and some that are none. */
const PROPERTIES: readonly [number, ...number[]] = [
  1, 2, 3, 8, 9, 11, 17, 18, 19, 21, 22, 23, 24, 25, 28, 31, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 0, 99,
];

/** A stream of packets, most of them well-formed, in segments of random sizes. */
export function hostileStream(random: Random, clientId: string): Buffer[] {
  const version = random.pick<p.Version>([4, 5]);
  const packets = [random.once(12) ? random.bytes(random.below(60)) : connectOf(random, version, clientId)];
  for (let n = random.below(12); n > 0; n--) packets.push(packetOf(random, version));
  if (random.once(3)) interleave(random, packets);
  const mutated = packets.map((each) => (random.once(4) ? mutate(random, each) : each));
  return segments(random, Buffer.concat(mutated));
}

function connectOf(random: Random, version: p.Version, clientId: string): Buffer {
  const properties = random.once(3) ? propertiesOf(random) : [];
  const will = random.once(4)
    ? { topic: random.pick(NAMES), payload: random.bytes(random.below(50)) }
    : undefined;
  return p.connect({ version, clientId, properties, keepAlive: random.below(100), ...(will && { will }) });
}

function packetOf(random: Random, version: p.Version): Buffer {
  const id = random.below(5);
  const filters = Array.from({ length: random.below(4) }, () => random.pick(NAMES));
  switch (random.below(8)) {
    case 0:
      return p.subscribe(version, id, filters);
    case 1:
      return p.unsubscribe(version, id, filters);
    case 2:
      return p.packet(random.pick([0x40, 0x50, 0x62, 0x70]), p.u16(id), random.bytes(random.below(3)));
    case 3:
      return random.pick([p.pingreq, p.packet(0xe0), p.packet(0xf0), p.packet(0x20, random.bytes(3))]);
    default:
      return p.publish({
        version,
        topic: random.pick(NAMES),
        qos: random.below(4),
        id,
        payload: random.bytes(random.below(100)),
        properties: random.once(2) ? propertiesOf(random) : [],
      });
  }
}

/** Some of them repeated, cut off, or with a value of another type. */
function propertiesOf(random: Random): Buffer[] {
  const one = (): Buffer => {
    const id = random.pick(PROPERTIES);
    if (id === 38) return p.userProperty(random.pick(NAMES), random.pick(NAMES));
    return Buffer.from([id, ...random.bytes(random.pick([1, 2, 4]))]);
  };
  const properties = Array.from({ length: 1 + random.below(3) }, one);
  return random.once(4) ? [...properties, ...properties] : properties;
}

/** The next packet begins within the one before. */
function interleave(random: Random, packets: Buffer[]): void {
  const at = random.below(packets.length);
  const [host, guest] = [packets[at], packets[at + 1]];
  if (host === undefined || guest === undefined) return;
  const cut = random.below(host.length);
  packets.splice(at, 2, Buffer.concat([host.subarray(0, cut), guest, host.subarray(cut)]));
}

function mutate(random: Random, packet: Buffer): Buffer {
  const bytes = Buffer.from(packet);
  const at = random.below(bytes.length);
  switch (random.below(6)) {
    case 0:
      if (bytes.length > 0) bytes[at] = bytes[at]! ^ (1 << random.below(8));
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      // A length: of the packet, or of whatever stands there.
      if (bytes.length > 1) bytes[random.pick([1, at])] = random.pick([0, 1, 0x7f, 0x80, 0xff]);
      return bytes;
    case 3:
      return Buffer.concat([bytes.subarray(0, 1), p.variable(random.below(2 ** 28)), bytes.subarray(2)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(8)), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes, bytes]);
  }
}

function segments(random: Random, bytes: Buffer): Buffer[] {
  const largest = random.pick([1, 7, 100, 5_000]);
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + random.below(largest);
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}
