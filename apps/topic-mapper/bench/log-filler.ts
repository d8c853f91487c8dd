import type { JetStreamClient } from '@nats-io/jetstream';
import { EMPTY, EnvelopeWriter, ENVELOPE_TARGET_BYTES, RowKind, subjects } from '@tributary/contracts';

const IN_FLIGHT = 16;

/** Appends `count` rows to one partition as full envelopes, several of them in flight. */
export async function fillLog(
  js: JetStreamClient,
  partition: number,
  count: number,
  topicOf: (n: number) => string,
  payloadBytes: number,
): Promise<void> {
  const writer = new EnvelopeWriter();
  const payload = Buffer.alloc(payloadBytes, 'x');
  const clientId = Buffer.from('bench-client');
  const flying = new Set<Promise<unknown>>();
  const send = async (): Promise<void> => {
    while (flying.size >= IN_FLIGHT) await Promise.race(flying);
    const sending = js.publish(subjects.log(1, partition), writer.finish(), { timeout: 30_000 });
    flying.add(sending);
    void sending.then(() => flying.delete(sending));
  };
  for (let n = 0; n < count; n++) {
    writer.append({
      kind: RowKind.publish,
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
      protocolVersion: 4,
      receivedMs: 1_700_000_000_000 + n,
      epoch: 1,
      topic: topicOf(n),
      clientId,
      sessionId: EMPTY,
      username: EMPTY,
      trace: EMPTY,
      origin: EMPTY,
      properties: EMPTY,
      payload,
    });
    if (writer.bytes >= ENVELOPE_TARGET_BYTES) await send();
  }
  if (writer.rows > 0) await send();
  await Promise.all(flying);
}
