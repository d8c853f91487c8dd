import { ReasonCode } from '@tributary/mqtt';

/** What a failed acknowledgement of ours means, for the developer of the device. */
const TEXTS = new Map<number, string>([
  [ReasonCode.TOPIC_NAME_INVALID, 'clients may not publish to this topic'],
  [
    ReasonCode.PAYLOAD_FORMAT_INVALID,
    'the payload is not UTF-8, although its Payload Format Indicator says so',
  ],
  [ReasonCode.QUOTA_EXCEEDED, 'the message is in the log, but was not in Kafka in time (ack: kafka)'],
  [ReasonCode.PACKET_IDENTIFIER_NOT_FOUND, 'no message waits for PUBREL under this packet identifier'],
]);

/** Undefined for success and for what explains itself. */
export function refusalText(reason: number): string | undefined {
  return reason === 0 ? undefined : TEXTS.get(reason);
}
