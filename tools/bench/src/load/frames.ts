import { clientId, MARK, MARK_BYTES, MARK_MAGIC } from '../message-mark.ts';
import type { LoadPlan } from './load-contract.ts';

const CLEAN = 0x02;
const KEEP_ALIVE_SECONDS = 300;

/** The PUBLISH packets of one client, one after the other: one for each place of its window. All are equally long. */
export interface PublishFrames {
  bytes: Buffer;
  frameBytes: number;
  /** Where the mark begins within a frame. */
  markAt: number;
}

export interface ConnectFields {
  /** 4: MQTT 3.1.1. */
  version: 4 | 5;
  /** Seconds. */
  keepAlive: number;
}

/** A CONNECT that asks for a clean start. */
export function connectFrame(
  client: number,
  { version, keepAlive }: ConnectFields = { version: 4, keepAlive: KEEP_ALIVE_SECONDS },
): Buffer {
  const head = Buffer.from([version, CLEAN, keepAlive >> 8, keepAlive & 255]);
  const properties = Buffer.from(version === 5 ? [0] : []);
  return packet(0x10, text('MQTT'), head, properties, text(clientId(client)));
}

/** Place s carries packet id s + 1, and topic s modulo the number of topics: both can stay as they are for ever. */
export function publishFrames(plan: LoadPlan, client: number): PublishFrames {
  const places = Math.max(plan.window, plan.topics);
  const payload = Buffer.alloc(plan.payloadBytes, 'tributary-');
  payload.writeUInt32BE(MARK_MAGIC, MARK.magic);
  payload.writeUInt32BE(plan.run, MARK.run);
  payload.writeUInt32BE(client, MARK.client);
  const width = String(plan.topics - 1).length;
  const frames = Array.from({ length: places }, (_, place) => {
    const topic = text(`bench/${clientId(client)}/${String(place % plan.topics).padStart(width, '0')}`);
    const id = plan.qos === 0 ? [] : [Buffer.from([(place + 1) >> 8, (place + 1) & 255])];
    return packet(0x30 | (plan.qos << 1), topic, ...id, payload);
  });
  const frameBytes = frames[0]?.length ?? 0;
  return { bytes: Buffer.concat(frames), frameBytes, markAt: frameBytes - plan.payloadBytes };
}

export function pubrel(packetId: number): Buffer {
  return Buffer.from([0x62, 2, packetId >> 8, packetId & 255]);
}

export const DISCONNECT = Buffer.from([0xe0, 0]);

/** Bytes of the smallest payload. */
export const MIN_PAYLOAD = MARK_BYTES;

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}
