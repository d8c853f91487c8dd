/** Packets as bytes, written by hand so that tests can send what no client library would. */

export function string(text: string | Buffer): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return Buffer.concat([u16(bytes.length), bytes]);
}

export function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
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

/** A property block with its length. */
export function properties(...parts: (Buffer | number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(part))));
  return Buffer.concat([variable(body.length), body]);
}

export function userProperty(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x26]), string(name), string(value)]);
}

export interface ConnectFields {
  version?: 3 | 4 | 5;
  clientId?: string;
  clean?: boolean;
  keepAlive?: number;
  /** MQTT 5: with its length. */
  properties?: Buffer;
  /** Extra connect flags, and the fields they announce. */
  flags?: number;
  payload?: Buffer[];
}

export function connect(fields: ConnectFields = {}): Buffer {
  const { version = 4, clientId = 'device', clean = true, keepAlive = 60, flags = 0, payload = [] } = fields;
  return packet(
    0x10,
    string(version === 3 ? 'MQIsdp' : 'MQTT'),
    Buffer.from([version, (clean ? 2 : 0) | flags]),
    u16(keepAlive),
    version === 5 ? (fields.properties ?? properties()) : Buffer.alloc(0),
    string(clientId),
    ...payload,
  );
}

export interface PublishFields {
  version?: 3 | 4 | 5;
  topic?: string | Buffer;
  qos?: number;
  id?: number;
  retain?: boolean;
  dup?: boolean;
  properties?: Buffer;
  payload?: string | Buffer;
}

export function publish(fields: PublishFields = {}): Buffer {
  const { version = 4, topic = 't', qos = 0, id = 1, retain = false, dup = false, payload = '' } = fields;
  return packet(
    0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0),
    string(topic),
    qos > 0 ? u16(id) : Buffer.alloc(0),
    version === 5 ? (fields.properties ?? properties()) : Buffer.alloc(0),
    Buffer.from(payload),
  );
}

export function subscribe(id: number, filters: [filter: string, options: number][], block?: Buffer): Buffer {
  return packet(
    0x82,
    u16(id),
    block ?? Buffer.alloc(0),
    ...filters.map(([filter, options]) => Buffer.concat([string(filter), Buffer.from([options])])),
  );
}

export function unsubscribe(id: number, filters: string[], block?: Buffer): Buffer {
  return packet(0xa2, u16(id), block ?? Buffer.alloc(0), ...filters.map((filter) => string(filter)));
}

export const puback = (id: number, ...rest: number[]): Buffer => packet(0x40, u16(id), Buffer.from(rest));
export const pubrec = (id: number, ...rest: number[]): Buffer => packet(0x50, u16(id), Buffer.from(rest));
export const pubrel = (id: number, ...rest: number[]): Buffer => packet(0x62, u16(id), Buffer.from(rest));
export const pubcomp = (id: number, ...rest: number[]): Buffer => packet(0x70, u16(id), Buffer.from(rest));
export const pingreq = Buffer.from([0xc0, 0]);
export const disconnect = (...body: number[]): Buffer => packet(0xe0, Buffer.from(body));
/** AUTH with its method and data. */
export function auth(reason: number, method: string, data?: string | Buffer): Buffer {
  return packet(0xf0, Buffer.from([reason]), authenticationBlock(method, data));
}

/** A property block of a method and data. */
export function authenticationBlock(method: string, data?: string | Buffer, ...more: Buffer[]): Buffer {
  const parts = [Buffer.concat([Buffer.from([0x15]), string(method)])];
  if (data !== undefined) parts.push(Buffer.concat([Buffer.from([0x16]), string(data)]));
  return properties(...parts, ...more);
}
