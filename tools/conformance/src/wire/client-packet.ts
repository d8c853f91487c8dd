import { kindOf, P, type Properties, type PropertyValue } from './property.ts';

/** Packets of a client as bytes. Nothing is checked, so that cases can send what no client should. */

export type Version = 3 | 4 | 5;
export type Bytes = Buffer | number[];

export function u16(value: number): Buffer {
  return Buffer.from([(value >> 8) & 255, value & 255]);
}

export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u16(bytes.length), bytes]);
}

export function variable(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

export function join(...parts: Bytes[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

export function packet(first: number, ...parts: Bytes[]): Buffer {
  const body = join(...parts);
  return join([first], variable(body.length), body);
}

/** A property block with its length. */
export function block(properties: Properties = []): Buffer {
  const body = join(...properties.map(([name, value]) => join([P[name]], valueBytes(kindOf(name), value))));
  return join(variable(body.length), body);
}

function valueBytes(kind: ReturnType<typeof kindOf>, value: PropertyValue): Buffer {
  if (typeof value === 'number') {
    if (kind === 'byte') return Buffer.from([value]);
    if (kind === 'two') return u16(value);
    if (kind === 'variable') return variable(value);
    const four = Buffer.alloc(4);
    four.writeUInt32BE(value);
    return four;
  }
  if (typeof value === 'string' || Buffer.isBuffer(value)) return text(value);
  return join(text(value[0]), text(value[1]));
}

export interface WillFields {
  topic: string | Buffer;
  payload?: string;
  qos?: number;
  retain?: boolean;
  properties?: Properties;
}

export interface ConnectFields {
  version?: Version;
  clientId?: string | Buffer;
  /** Clean Start, Clean Session. */
  clean?: boolean;
  keepAlive?: number;
  properties?: Properties;
  will?: WillFields;
  username?: string | Buffer;
  password?: string | Buffer;
  protocolName?: string;
  protocolLevel?: number;
  /** Connect flags set besides. */
  flags?: number;
}

export function connect(fields: ConnectFields): Buffer {
  const { version = 5, clientId = '', clean = true, keepAlive = 60, will, username, password } = fields;
  const none = Buffer.alloc(0);
  const five = (properties?: Properties): Buffer => (version === 5 ? block(properties) : none);
  const flags =
    (clean ? 2 : 0) |
    (will ? 4 | ((will.qos ?? 0) << 3) | (will.retain ? 0x20 : 0) : 0) |
    (password === undefined ? 0 : 0x40) |
    (username === undefined ? 0 : 0x80) |
    (fields.flags ?? 0);
  return packet(
    0x10,
    text(fields.protocolName ?? (version === 3 ? 'MQIsdp' : 'MQTT')),
    [fields.protocolLevel ?? version, flags],
    u16(keepAlive),
    five(fields.properties),
    text(clientId),
    ...(will ? [five(will.properties), text(will.topic), text(will.payload ?? 'will')] : []),
    username === undefined ? none : text(username),
    password === undefined ? none : text(password),
  );
}

export interface PublishFields {
  version?: Version;
  topic: string | Buffer;
  payload?: string | Buffer;
  qos?: number;
  id?: number;
  retain?: boolean;
  dup?: boolean;
  properties?: Properties;
}

export function publish(fields: PublishFields): Buffer {
  const {
    version = 5,
    topic,
    payload = '',
    qos = 0,
    id = 1,
    retain = false,
    dup = false,
    properties,
  } = fields;
  return packet(
    0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0),
    text(topic),
    qos > 0 ? u16(id) : [],
    version === 5 ? block(properties) : [],
    Buffer.from(payload),
  );
}

export type Filter = readonly [filter: string | Buffer, options: number];

/** Bits of the subscription options (3.8.3.1). */
export const NO_LOCAL = 0x04;
export const RETAIN_AS_PUBLISHED = 0x08;
export const SEND_RETAINED_IF_NEW = 0x10;
export const SEND_NO_RETAINED = 0x20;

export function subscribe(
  id: number,
  filters: readonly Filter[],
  version: Version = 5,
  properties?: Properties,
): Buffer {
  const pairs = filters.map(([filter, options]) => join(text(filter), [options]));
  return packet(0x82, u16(id), version === 5 ? block(properties) : [], ...pairs);
}

export function unsubscribe(
  id: number,
  filters: readonly (string | Buffer)[],
  version: Version = 5,
  properties?: Properties,
): Buffer {
  return packet(0xa2, u16(id), version === 5 ? block(properties) : [], ...filters.map(text));
}

/** PUBACK and its like; with a reason code, and properties, only if they are given. */
const answer =
  (first: number) =>
  (id: number, reason?: number, properties?: Properties): Buffer =>
    packet(
      first,
      u16(id),
      reason === undefined ? [] : [reason],
      properties === undefined ? [] : block(properties),
    );

export const puback = answer(0x40);
export const pubrec = answer(0x50);
export const pubrel = answer(0x62);
export const pubcomp = answer(0x70);
export const pingreq = Buffer.from([0xc0, 0]);

export function disconnect(reason?: number, properties?: Properties): Buffer {
  return packet(
    0xe0,
    reason === undefined ? [] : [reason],
    properties === undefined ? [] : block(properties),
  );
}

export function auth(reason: number, properties: Properties = []): Buffer {
  return packet(0xf0, [reason], block(properties));
}
