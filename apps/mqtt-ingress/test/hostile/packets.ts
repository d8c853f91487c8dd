/** Packets as bytes, written by hand: what is sent must not depend on what a library would send. */
export type Version = 4 | 5;

export function u16(value: number): Buffer {
  return Buffer.from([(value >> 8) & 255, value & 255]);
}

export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u16(bytes.length), bytes]);
}

export function variable(value: number): Buffer {
  const bytes: number[] = [];
  do {
    bytes.push(value > 127 ? (value & 127) | 128 : value);
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}

export function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first]), variable(body.length), body]);
}

/** A property block with its length; nothing in MQTT 3.1.1. */
export function block(version: Version, ...properties: Buffer[]): Buffer {
  const body = Buffer.concat(properties);
  return version === 5 ? Buffer.concat([variable(body.length), body]) : Buffer.alloc(0);
}

export function userProperty(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x26]), text(name), text(value)]);
}

export interface ConnectFields {
  version?: Version;
  clientId: string;
  keepAlive?: number;
  properties?: Buffer[];
  will?: { topic: string; payload: Buffer };
}

export function connect({
  version = 5,
  clientId,
  keepAlive = 60,
  properties = [],
  will,
}: ConnectFields): Buffer {
  const flags = 2 | (will === undefined ? 0 : 4 | 8);
  const willFields = will === undefined ? [] : [block(version), text(will.topic), text(will.payload)];
  return packet(
    0x10,
    text('MQTT'),
    Buffer.from([version, flags]),
    u16(keepAlive),
    block(version, ...properties),
    text(clientId),
    ...willFields,
  );
}

export interface PublishFields {
  version?: Version;
  topic?: string;
  qos?: number;
  id?: number;
  payload?: Buffer;
  properties?: Buffer[];
}

export function publish(fields: PublishFields): Buffer {
  const {
    version = 5,
    topic = 'hostile',
    qos = 0,
    id = 1,
    payload = Buffer.alloc(0),
    properties = [],
  } = fields;
  return packet(
    0x30 | (qos << 1),
    text(topic),
    qos > 0 ? u16(id) : Buffer.alloc(0),
    block(version, ...properties),
    payload,
  );
}

export function subscribe(version: Version, id: number, filters: readonly string[]): Buffer {
  const wanted = filters.map((filter) => Buffer.concat([text(filter), Buffer.from([0])]));
  return packet(0x82, u16(id), block(version), ...wanted);
}

export function unsubscribe(version: Version, id: number, filters: readonly string[]): Buffer {
  return packet(0xa2, u16(id), block(version), ...filters.map(text));
}

export const pingreq = Buffer.from([0xc0, 0]);
