import fc from 'fast-check';
import type { OutRow, Recipient, RowInput } from '../../src/mod.ts';

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const u53 = fc.maxSafeNat();
const text = fc.string({ unit: 'binary', maxLength: 40 });

export const rowArbitrary: fc.Arbitrary<RowInput> = fc.record({
  kind: fc.constantFrom(1, 2, 3, 4, 5),
  qos: fc.constantFrom(0, 1, 2),
  retain: fc.boolean(),
  dup: fc.boolean(),
  packetId: fc.nat(0xffff),
  protocolVersion: fc.constantFrom(0, 3, 4, 5),
  receivedMs: u53,
  epoch: u53,
  topic: text,
  clientId: bytes(30),
  sessionId: bytes(20),
  username: bytes(20),
  trace: bytes(60),
  origin: bytes(20),
  properties: bytes(50),
  payload: bytes(300),
});

export const outRowArbitrary: fc.Arbitrary<OutRow> = fc.record({
  kind: fc.constantFrom(1, 2),
  topic: text,
  route: text,
  row: fc.nat(),
  logSequence: u53,
  timestampMs: u53,
  key: fc.option(bytes(30)),
  headers: bytes(60),
  value: fc.option(bytes(300)),
});

export const recipientArbitrary: fc.Arbitrary<Recipient> = fc.record({
  clientId: bytes(30),
  epoch: u53,
  qos: fc.constantFrom(0, 1, 2),
  retain: fc.boolean(),
  subscriptionIds: fc.array(fc.nat(268_435_455), { maxLength: 5 }),
  counter: u53,
  dup: fc.boolean(),
});
