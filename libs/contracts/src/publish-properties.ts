import { ContractError } from './errors.ts';

/**
 * The properties of a PUBLISH that travel with the message (MQTT 5, 3.3.2.3). Topic Alias and Subscription
 * Identifier belong to one connection and are never stored.
 */
export interface PublishProperties {
  /** 1: the payload is UTF-8 text. */
  payloadFormat?: 0 | 1;
  /** Seconds the message may live from its receive time on. */
  messageExpiry?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** In the order of the packet; names may repeat [MQTT-3.3.2-18]. */
  userProperties: [name: string, value: string][];
}

const PAYLOAD_FORMAT = 0x01;
const MESSAGE_EXPIRY = 0x02;
const CONTENT_TYPE = 0x03;
const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
const USER_PROPERTY = 0x26;

/** Encodes a property block as MQTT 5 has it on the wire, without the block's length. Nothing set: no bytes. */
export function encodePublishProperties(properties: PublishProperties): Buffer {
  const parts: Buffer[] = [];
  if (properties.payloadFormat !== undefined)
    parts.push(Buffer.from([PAYLOAD_FORMAT, properties.payloadFormat]));
  if (properties.messageExpiry !== undefined) {
    const part = Buffer.alloc(5);
    part[0] = MESSAGE_EXPIRY;
    part.writeUInt32BE(properties.messageExpiry, 1);
    parts.push(part);
  }
  if (properties.contentType !== undefined) parts.push(field(CONTENT_TYPE, properties.contentType));
  if (properties.responseTopic !== undefined) parts.push(field(RESPONSE_TOPIC, properties.responseTopic));
  if (properties.correlationData !== undefined)
    parts.push(field(CORRELATION_DATA, properties.correlationData));
  for (const [name, value] of properties.userProperties) {
    parts.push(Buffer.from([USER_PROPERTY]), prefixed(name), prefixed(value));
  }
  return Buffer.concat(parts);
}

function field(id: number, value: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([id]), prefixed(value)]);
}

function prefixed(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * Decodes a stored property block. Correlation data is a slice.
 * @throws ContractError 'properties-invalid' for a property that is unknown here, repeated, or cut off.
 */
export function decodePublishProperties(block: Uint8Array): PublishProperties {
  const properties: PublishProperties = { userProperties: [] };
  if (block.length === 0) return properties;
  const reader = new BlockReader(block);
  const seen = new Set<number>();
  while (!reader.done) {
    const id = reader.u8();
    if (id !== USER_PROPERTY && seen.has(id)) throw invalid(`property 0x${id.toString(16)} occurs twice`);
    seen.add(id);
    switch (id) {
      case PAYLOAD_FORMAT:
        properties.payloadFormat = reader.u8() === 0 ? 0 : 1;
        break;
      case MESSAGE_EXPIRY:
        properties.messageExpiry = reader.u32();
        break;
      case CONTENT_TYPE:
        properties.contentType = reader.text();
        break;
      case RESPONSE_TOPIC:
        properties.responseTopic = reader.text();
        break;
      case CORRELATION_DATA:
        properties.correlationData = reader.bytes();
        break;
      case USER_PROPERTY:
        properties.userProperties.push([reader.text(), reader.text()]);
        break;
      default:
        throw invalid(`property 0x${id.toString(16)} does not belong to a stored message`);
    }
  }
  return properties;
}

class BlockReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#buffer = Buffer.from(block.buffer, block.byteOffset, block.length);
  }

  get done(): boolean {
    return this.#at === this.#buffer.length;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#take(1));
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  bytes(): Buffer {
    const length = this.#buffer.readUInt16BE(this.#take(2));
    const start = this.#take(length);
    return this.#buffer.subarray(start, start + length);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  #take(size: number): number {
    const start = this.#at;
    if (start + size > this.#buffer.length) throw invalid('the property block is cut off');
    this.#at += size;
    return start;
  }
}

function invalid(what: string): ContractError {
  return new ContractError('properties-invalid', what);
}
