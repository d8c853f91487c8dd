import {
  deadLetterData,
  deadLetterHeaders,
  EMPTY,
  encodeHeaders,
  encodePublishProperties,
  Envelope,
  EnvelopeWriter,
  OutKind,
  RowKind,
  subjects,
  type DeadLetter,
} from '@tributary/contracts';
import type { ControlFixture } from '../control-fixture.ts';

export interface Sample {
  readonly n: number;
  readonly partition?: number;
  readonly route?: string;
  readonly code?: string;
  /** Makes it one of a refused record, with or without the message it was made from. */
  readonly record?: 'whole' | 'alone';
  readonly value?: Uint8Array;
  readonly replayOf?: number;
}

/** A row of the log as a device's PUBLISH gives it. */
export function logRow(n: number): Uint8Array {
  const writer = new EnvelopeWriter();
  writer.append({
    kind: RowKind.publish,
    qos: 2,
    retain: true,
    dup: false,
    packetId: 1,
    protocolVersion: 5,
    receivedMs: 1_700_000_000_000 + n,
    epoch: 1,
    topic: `dev/${n}`,
    clientId: Buffer.from(`client-${n}`),
    sessionId: EMPTY,
    username: Buffer.from('ada'),
    trace: Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
    origin: EMPTY,
    properties: encodePublishProperties({
      contentType: 'text/plain',
      correlationData: Buffer.from([1, 2]),
      userProperties: [['a', '1']],
    }),
    payload: Buffer.from(`payload ${n}`),
  });
  return Envelope.open(writer.finish()).row(0).bytes;
}

/** Stores letters of cluster `main` as kafka-egress does. @returns their sequences */
export async function store(fixture: ControlFixture, samples: readonly Sample[]): Promise<number[]> {
  const sequences: number[] = [];
  for (const sample of samples) {
    const { partition = 0, replayOf = 0 } = sample;
    const letter = letterOf(sample);
    const { logSequence, row, route } = letter.row;
    const id = subjects.deadLetter('main', partition, logSequence, row, route);
    const subject = replayOf === 0 ? id : subjects.deadLetterAgain(id, replayOf);
    const headers = deadLetterHeaders(letter);
    const { seq } = await fixture.publisher.publish(subject, deadLetterData(letter), headers, 5_000);
    sequences.push(seq);
  }
  return sequences;
}

function letterOf({
  n,
  route = 'all',
  code = 'payload-not-json',
  record,
  value,
  replayOf = 0,
}: Sample): DeadLetter {
  return {
    code,
    message: `reason ${n}`,
    incarnation: 'aa',
    mapping: 3,
    attempts: replayOf === 0 ? 1 : 2,
    firstSeenMs: 1_700_000_001_000,
    replayOf,
    row: {
      kind: record ? OutKind.record : OutKind.deadLetter,
      topic: record ? 'orders' : '',
      route,
      row: 1,
      logSequence: n,
      timestampMs: 1_700_000_000_000 + n,
      key: record ? Buffer.from('key') : null,
      headers: record ? encodeHeaders([['mqtt.qos', Buffer.from('1')]]) : encodeHeaders([]),
      value: value ?? (record ? Buffer.from('value') : logRow(n)),
    },
    original: record === 'whole' ? logRow(n) : null,
  };
}
