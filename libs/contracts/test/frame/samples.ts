import { EMPTY, RowKind, type RowInput } from '../../src/mod.ts';

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');

/** A row with every field set. */
export const fullRow: RowInput = {
  kind: RowKind.publish,
  qos: 2,
  retain: true,
  dup: true,
  packetId: 0x1234,
  protocolVersion: 5,
  receivedMs: 1_700_000_000_123,
  epoch: 0x1_0000_0002,
  topic: 'plant/3/temperature/°C',
  clientId: text('sensor-7'),
  sessionId: text('s-1'),
  username: text('ada'),
  trace: text('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
  origin: text('kafka:main/alerts/0/42'),
  properties: Buffer.from('0101', 'hex'),
  payload: text('{"t":21.5}'),
};

/** A row as most devices send it. */
export const plainRow: RowInput = {
  kind: RowKind.publish,
  qos: 1,
  retain: false,
  dup: false,
  packetId: 1,
  protocolVersion: 4,
  receivedMs: 1_700_000_000_000,
  epoch: 1,
  topic: 'a/b',
  clientId: text('c'),
  sessionId: EMPTY,
  username: EMPTY,
  trace: EMPTY,
  origin: EMPTY,
  properties: EMPTY,
  payload: text('x'),
};
