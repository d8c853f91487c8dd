import type { MappedMessage } from './mapped-message.ts';
import { encodeHeaderName, HeaderWriter } from './header-writer.ts';
import type { CurrentMessage } from './current-message.ts';

const TOPIC = 'mqtt.topic';
const QOS = 'mqtt.qos';
const RETAIN = 'mqtt.retain';
const CLIENT_ID = 'mqtt.client_id';
const CONTENT_TYPE = 'content-type';
const TRACEPARENT = 'traceparent';

/** Headers that every record carries, besides the user properties of its message. */
export const defaultHeaderNames: readonly string[] = [
  TOPIC,
  QOS,
  RETAIN,
  CLIENT_ID,
  CONTENT_TYPE,
  TRACEPARENT,
];

const topicName = encodeHeaderName(TOPIC);
const clientIdName = encodeHeaderName(CLIENT_ID);
const contentTypeName = encodeHeaderName(CONTENT_TYPE);
const traceparentName = encodeHeaderName(TRACEPARENT);

/** The headers `mqtt.qos` and `mqtt.retain` of each combination, by QoS and then retain. */
const flagHeaders = (['0', '1', '2'] as const).map((qos) =>
  (['false', 'true'] as const).map((retain) => {
    const writer = new HeaderWriter();
    writer.text(encodeHeaderName(QOS), qos);
    writer.text(encodeHeaderName(RETAIN), retain);
    return writer.view().slice();
  }),
);

/** The one default header that follows from the topic. */
export function writeTopicHeader(writer: HeaderWriter, topic: string): void {
  writer.text(topicName, topic);
}

/**
 * The default headers that differ from message to message. User properties come first: a consumer that takes
 * the last header of a name then gets ours, and no device can pretend to be another client.
 * @throws MappingFailure 'properties-invalid'
 */
export function writeMessageHeaders(
  writer: HeaderWriter,
  message: MappedMessage,
  current: CurrentMessage,
): void {
  if (message.properties.length > 0) {
    const { userProperties, contentType } = current.properties();
    for (const [name, value] of userProperties) writer.text(encodeHeaderName(name), value);
    if (contentType !== undefined) writer.text(contentTypeName, contentType);
  }
  const { trace } = message;
  if (trace.length > 0) writer.bytes(traceparentName, trace);
  const flags = flagHeaders[message.qos]?.[message.retain ? 1 : 0];
  if (flags !== undefined) writer.encoded(flags);
  writer.bytes(clientIdName, message.clientIdBytes);
}
