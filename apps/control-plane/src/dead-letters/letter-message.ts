import type { StoredMsg } from '@nats-io/jetstream';
import {
  ContractError,
  decodeHeaders,
  decodePublishProperties,
  openDeadLetter,
  openDeadLetterHeaders,
  openRow,
  originalOf,
  OutKind,
  type OutRow,
  type RowView,
} from '@tributary/contracts';
import type {
  DeadLetter,
  GetDeadLetterResponse,
  MessageProperties,
  OriginalMessage,
  RefusedRecord,
} from '@tributary/contracts/control/dead-letters';
import { placeOf, type LetterSummary } from './letter-scan.ts';

/** A letter as gRPC tells of it, without its message. */
export function summaryMessage(letter: LetterSummary): DeadLetter {
  const { sequence, subject, code, message, mapping, attempts, firstSeenMs, storedAtMs, replayOf } = letter;
  return {
    sequence,
    ...placeOf(subject),
    code,
    reason: message,
    mappingVersion: mapping,
    attempts,
    firstSeen: new Date(firstSeenMs),
    stored: new Date(storedAtMs),
    replayOf,
  };
}

/** A letter as gRPC tells of it, whole. What cannot be read is told as its bytes. */
export function wholeMessage({
  seq: sequence,
  subject,
  header,
  data,
  time,
}: StoredMsg): GetDeadLetterResponse {
  const get = (name: string): string => header.get(name);
  const storedAtMs = time.getTime();
  const about = openDeadLetterHeaders(get, storedAtMs);
  const letter = summaryMessage({ ...about, sequence, subject, storedAtMs });
  const nothing = { letter, message: undefined, record: undefined, unreadable: Buffer.alloc(0) };
  let stopped = data;
  try {
    const opened = openDeadLetter(get, data, storedAtMs);
    const { row } = opened;
    const record = row.kind === OutKind.record ? recordOf(row) : undefined;
    const original = originalOf(opened);
    if (original === null && record) return { ...nothing, record };
    stopped = original ?? row.value ?? stopped;
    return { ...nothing, record, message: messageOf(openRow(stopped)) };
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return { ...nothing, unreadable: Buffer.from(stopped) };
  }
}

function messageOf(row: RowView): OriginalMessage {
  const { topic, clientId, username, qos, retain, protocolVersion, receivedMs, payload, trace } = row;
  return {
    topic,
    clientId,
    username,
    qos,
    retain,
    protocolVersion,
    received: new Date(receivedMs),
    payload,
    properties: propertiesOf(row.properties),
    traceparent: trace.toString('ascii'),
  };
}

/** Properties that cannot be read are a reason to be among the dead letters, and none to hide the message. */
function propertiesOf(block: Uint8Array): MessageProperties | undefined {
  try {
    const { userProperties, correlationData, ...rest } = decodePublishProperties(block);
    const user = userProperties.map(([name, value]) => ({ name, value }));
    return { ...rest, ...(correlationData && { correlationData: Buffer.from(correlationData) }), user };
  } catch (error) {
    if (error instanceof ContractError) return undefined;
    throw error;
  }
}

function recordOf({ topic, key, value, headers, timestampMs }: OutRow): RefusedRecord {
  return {
    topic,
    ...(key && { key: Buffer.from(key) }),
    ...(value && { value: Buffer.from(value) }),
    headers: decodeHeaders(headers).map(([name, bytes]) => ({ name, value: bytes })),
    timestamp: new Date(timestampMs),
  };
}
