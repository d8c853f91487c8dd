import { isUtf8 } from 'node:buffer';
import { kindOf, nameOf, type PropertyName, type PropertyValue } from './property.ts';
import type { Version } from './client-packet.ts';
import { CODES, PLACES, TYPES, type ServerType } from './server-rules.ts';

/** What a server sent, taken apart. Fields that a packet type does not have are at their zero. */
export interface ServerPacket {
  readonly type: ServerType;
  readonly bytes: number;
  /** PUBACK and its like, SUBACK, UNSUBACK, PUBLISH above QoS 0. */
  readonly id: number;
  /** CONNACK, PUBACK and its like, DISCONNECT, AUTH. */
  readonly reason: number;
  /** SUBACK, UNSUBACK. */
  readonly reasons: readonly number[];
  readonly sessionPresent: boolean;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly properties: ReceivedProperties;
}

/** Properties of one packet, each as often and in the order it was sent. */
export class ReceivedProperties {
  readonly all: readonly (readonly [PropertyName, PropertyValue])[];

  constructor(all: readonly (readonly [PropertyName, PropertyValue])[]) {
    this.all = all;
  }

  get(name: PropertyName): PropertyValue | undefined {
    return this.all.find(([known]) => known === name)?.[1];
  }

  list(name: PropertyName): PropertyValue[] {
    return this.all.filter(([known]) => known === name).map(([, value]) => value);
  }
}

/** A packet that breaks the grammar or says what a server must not: every case fails on one. */
export class BadServerPacket extends Error {
  override readonly name = 'BadServerPacket';
}

/** Length of the first packet in `bytes`; 0 if it is not complete. */
export function packetLength(bytes: Buffer): number {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at++) {
    const byte = bytes[at] ?? 0;
    length += (byte & 127) * 128 ** (at - 1);
    if (byte < 128) return at + 1 + length <= bytes.length ? at + 1 + length : 0;
  }
  return 0;
}

/** Takes a whole packet apart, strictly. @throws BadServerPacket */
export function decode(bytes: Buffer, version: Version): ServerPacket {
  const first = bytes[0] ?? 0;
  const type = (Object.keys(TYPES) as ServerType[]).find((name) => TYPES[name] === first >> 4);
  if (type === undefined) throw new BadServerPacket(`a server does not send packet type ${first >> 4}`);
  const flags = first & 15;
  if (type !== 'publish' && flags !== (type === 'pubrel' ? 2 : 0)) bad(`flags ${flags} of ${type}`);
  const reader = new Reader(bytes, type);
  const fields = { type, bytes: bytes.length, ...ZERO };
  const decoded = version === 5 ? five(reader, fields, flags) : three(reader, fields, flags, version);
  if (reader.left > 0) bad(`${reader.left} bytes behind the end of ${type}`);
  const { reason } = decoded;
  if (version === 5 && CODES[type].length > 0) {
    const codes = decoded.reasons.length > 0 ? decoded.reasons : [reason];
    for (const code of codes)
      if (!CODES[type].includes(code)) bad(`reason 0x${code.toString(16)} in ${type}`);
  }
  return decoded;
}

const ZERO = {
  id: 0,
  reason: 0,
  reasons: [] as readonly number[],
  sessionPresent: false,
  topic: '',
  payload: Buffer.alloc(0),
  qos: 0,
  retain: false,
  dup: false,
  properties: new ReceivedProperties([]),
};

function five(reader: Reader, fields: ServerPacket, flags: number): ServerPacket {
  switch (fields.type) {
    case 'connack':
      return {
        ...fields,
        sessionPresent: sessionPresent(reader),
        reason: reader.byte(),
        properties: reader.properties(),
      };
    case 'publish':
      return published(reader, fields, flags, true);
    case 'suback':
    case 'unsuback':
      return { ...fields, id: reader.id(), properties: reader.properties(), reasons: [...reader.rest()] };
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp': {
      const id = reader.id();
      return { ...fields, id, ...reasonAndProperties(reader) };
    }
    case 'disconnect':
    case 'auth':
      return { ...fields, ...reasonAndProperties(reader) };
    default:
      return fields;
  }
}

function three(reader: Reader, fields: ServerPacket, flags: number, version: Version): ServerPacket {
  switch (fields.type) {
    case 'connack': {
      const present = sessionPresent(reader);
      if (present && version === 3) bad('session present in MQTT 3.1');
      return { ...fields, sessionPresent: present, reason: reader.byte() };
    }
    case 'publish':
      return published(reader, fields, flags, false);
    case 'suback': {
      const id = reader.id();
      const reasons = [...reader.rest()];
      for (const code of reasons) if (![0, 1, 2, 0x80].includes(code)) bad(`return code ${code} in suback`);
      return { ...fields, id, reasons };
    }
    case 'pingresp':
      return fields;
    case 'disconnect':
    case 'auth':
      throw new BadServerPacket(`a server of MQTT 3 does not send ${fields.type}`);
    default:
      return { ...fields, id: reader.id() };
  }
}

function published(
  reader: Reader,
  fields: ServerPacket,
  flags: number,
  withProperties: boolean,
): ServerPacket {
  const qos = (flags >> 1) & 3;
  const dup = (flags & 8) !== 0;
  if (qos === 3) bad('QoS 3 [MQTT-3.3.1-4]');
  if (dup && qos === 0) bad('DUP at QoS 0 [MQTT-3.3.1-2]');
  const topic = reader.text();
  if (/[+#]/.test(topic)) bad(`topic ${topic} has a wildcard [MQTT-3.3.2-2]`);
  const id = qos > 0 ? reader.id() : 0;
  const properties = withProperties ? reader.properties() : ZERO.properties;
  if (topic === '' && properties.get('topicAlias') === undefined) bad('no topic [MQTT-4.7.3-1]');
  return { ...fields, qos, dup, retain: (flags & 1) !== 0, topic, id, properties, payload: reader.rest() };
}

function sessionPresent(reader: Reader): boolean {
  const flags = reader.byte();
  if (flags > 1) bad(`acknowledge flags ${flags} [MQTT-3.2.2-1]`);
  return flags === 1;
}

/** Both may be missing: success, and none. */
function reasonAndProperties(reader: Reader): { reason: number; properties: ReceivedProperties } {
  const reason = reader.left > 0 ? reader.byte() : 0;
  return { reason, properties: reader.left > 0 ? reader.properties() : ZERO.properties };
}

function bad(what: string): never {
  throw new BadServerPacket(what);
}

class Reader {
  readonly #bytes: Buffer;
  readonly #type: ServerType;
  #at = 1;
  #end: number;

  constructor(bytes: Buffer, type: ServerType) {
    this.#bytes = bytes;
    this.#type = type;
    this.#end = bytes.length;
    this.variable();
  }

  get left(): number {
    return this.#end - this.#at;
  }

  take(size: number): Buffer {
    if (size > this.left) bad(`${this.#type} ends within a field`);
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  id(): number {
    const id = this.take(2).readUInt16BE();
    return id === 0 ? bad(`packet identifier 0 in ${this.#type} [MQTT-2.2.1-4]`) : id;
  }

  binary(): Buffer {
    return this.take(this.take(2).readUInt16BE());
  }

  text(): string {
    const bytes = this.binary();
    if (!isUtf8(bytes)) bad(`${this.#type} has a string that is not UTF-8 [MQTT-1.5.4-1]`);
    if (bytes.includes(0)) bad(`${this.#type} has a string with U+0000 [MQTT-1.5.4-2]`);
    return bytes.toString('utf8');
  }

  variable(): number {
    let value = 0;
    for (let digit = 0; digit < 4; digit++) {
      const byte = this.byte();
      value += (byte & 127) * 128 ** digit;
      if (byte >= 128) continue;
      if (byte === 0 && digit > 0)
        bad(`${this.#type}: a variable byte integer is not minimal [MQTT-1.5.5-1]`);
      return value;
    }
    return bad(`${this.#type}: a variable byte integer of five bytes`);
  }

  rest(): Buffer {
    return this.take(this.left);
  }

  properties(): ReceivedProperties {
    const length = this.variable();
    const whole = this.#end;
    if (length > this.left) bad(`${this.#type}: its properties are longer than it is`);
    this.#end = this.#at + length;
    const all: [PropertyName, PropertyValue][] = [];
    while (this.left > 0) {
      const id = this.byte();
      const name = nameOf(id);
      if (name === undefined || !PLACES[this.#type].includes(name)) bad(`property ${id} in ${this.#type}`);
      const repeatable = name === 'userProperty' || name === 'subscriptionIdentifier';
      if (!repeatable && all.some(([known]) => known === name)) bad(`${name} twice in ${this.#type}`);
      all.push([name, this.#value(name)]);
    }
    this.#end = whole;
    return new ReceivedProperties(all);
  }

  #value(name: PropertyName): PropertyValue {
    switch (kindOf(name)) {
      case 'byte':
        return this.byte();
      case 'two':
        return this.take(2).readUInt16BE();
      case 'four':
        return this.take(4).readUInt32BE();
      case 'variable':
        return this.variable();
      case 'text':
        return this.text();
      case 'binary':
        return Buffer.from(this.binary());
      case 'pair':
        return [this.text(), this.text()];
    }
  }
}
