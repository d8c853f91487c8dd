import type { EngineLimit } from '../engine/limit-counters.ts';
import { ReasonCode } from '../engine/reason-code.ts';

/** What is wrong with a packet: the reason code MQTT 5 has for it and a sentence for its device's developer. */
export interface Fault {
  readonly reason: number;
  readonly text: string;
  /** The setting that was exceeded, where nothing is wrong with the packet as such. */
  readonly limit?: EngineLimit;
}

function malformed(text: string): Fault {
  return { reason: ReasonCode.MALFORMED_PACKET, text };
}

function forbidden(text: string): Fault {
  return { reason: ReasonCode.PROTOCOL_ERROR, text };
}

/** Every fault the packet check can find, with the clause it rests on (MQTT 5 numbering). */
export const Faults = {
  FIXED_HEADER_FLAGS: malformed('reserved flags of the fixed header are wrong [MQTT-2.1.3-1]'),
  REMAINING_LENGTH: malformed('the remaining length takes more than four bytes (1.5.5)'),
  VARIABLE_INTEGER: malformed('a variable byte integer is cut off, too long or not minimal [MQTT-1.5.5-1]'),
  TRUNCATED: malformed('the packet ends within a field'),
  TRAILING_BYTES: malformed('the packet is longer than its fields'),
  NOT_UTF8: malformed('a string is not UTF-8 [MQTT-1.5.4-1]'),
  NUL: malformed('a string contains U+0000 [MQTT-1.5.4-2]'),
  TOO_LARGE: {
    reason: ReasonCode.PACKET_TOO_LARGE,
    text: 'the packet is larger than the server takes [MQTT-3.2.2-15]',
    limit: 'packet-bytes',
  },
  INCOMPLETE: {
    reason: ReasonCode.QUOTA_EXCEEDED,
    text: 'the server holds as many bytes of incomplete packets as it may',
    limit: 'incomplete-bytes',
  },
  UNEXPECTED_TYPE: forbidden('a client does not send this packet type'),

  CONNECT_FIRST: forbidden('the first packet must be CONNECT [MQTT-3.1.0-1]'),
  CONNECT_TWICE: forbidden('a second CONNECT [MQTT-3.1.0-2]'),
  PROTOCOL_NAME: malformed('the protocol name is neither MQTT nor MQIsdp [MQTT-3.1.2-1]'),
  PROTOCOL_VERSION: {
    reason: ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
    text: 'the protocol version is not 3.1, 3.1.1 or 5 [MQTT-3.1.2-2]',
  },
  CONNECT_FLAGS: malformed('the connect flags contradict each other or use the reserved bit [MQTT-3.1.2-3]'),
  CLIENT_ID_EMPTY: {
    reason: ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
    text: 'an empty client identifier needs a clean session, and MQTT 3.1 does not have it [MQTT-3.1.3-8 of 3.1.1]',
  },
  WILL_TOPIC: {
    reason: ReasonCode.TOPIC_NAME_INVALID,
    text: 'the will topic is empty or contains a wildcard [MQTT-3.3.2-2]',
  },
  RECEIVE_MAXIMUM_ZERO: forbidden('Receive Maximum is 0 (3.1.2.11.3)'),
  MAXIMUM_PACKET_SIZE_ZERO: forbidden('Maximum Packet Size is 0 (3.1.2.11.4)'),
  AUTHENTICATION: {
    reason: ReasonCode.BAD_AUTHENTICATION_METHOD,
    text: 'enhanced authentication is not available (4.12)',
  },
  AUTHENTICATION_DATA: forbidden('Authentication Data without an Authentication Method (3.1.2.11.10)'),
  AUTH_WITHOUT_METHOD: forbidden('AUTH without an Authentication Method (3.15.2.2.2)'),
  AUTH_UNASKED: forbidden('AUTH on a connection that began without a method [MQTT-4.12.0-7]'),
  AUTH_OTHER_METHOD: forbidden('AUTH with another method than CONNECT [MQTT-4.12.0-5, MQTT-4.12.1-1]'),
  AUTH_OUT_OF_TURN: forbidden('AUTH that no step of an authentication waits for (4.12)'),
  AUTH_EXPECTED: forbidden('another packet than AUTH or DISCONNECT before CONNACK [MQTT-3.1.2-30]'),

  PACKET_ID_ZERO: forbidden('the packet identifier is 0 [MQTT-2.2.1-3]'),
  QOS_3: malformed('both QoS bits are set [MQTT-3.3.1-4]'),
  DUP_AT_QOS_0: malformed('DUP is set on a PUBLISH with QoS 0 [MQTT-3.3.1-2]'),
  TOPIC_EMPTY: {
    reason: ReasonCode.PROTOCOL_ERROR,
    text: 'the topic is empty and there is no topic alias (3.3.2.1)',
  },
  TOPIC_WILDCARD: {
    reason: ReasonCode.TOPIC_NAME_INVALID,
    text: 'a topic name contains a wildcard [MQTT-3.3.2-2]',
  },
  TOPIC_LEVELS: {
    reason: ReasonCode.TOPIC_NAME_INVALID,
    text: 'the topic has more levels than the server takes',
    limit: 'topic-levels',
  },
  TOPIC_BYTES: {
    reason: ReasonCode.TOPIC_NAME_INVALID,
    text: 'the topic is longer than the server takes',
    limit: 'topic-bytes',
  },
  TOPIC_ALIAS: {
    reason: ReasonCode.TOPIC_ALIAS_INVALID,
    text: "the topic alias is 0, unknown, or above the server's maximum [MQTT-3.3.2-8]",
  },
  PUBLISH_SUBSCRIPTION_ID: forbidden('a PUBLISH from a client has a subscription identifier [MQTT-3.3.4-6]'),
  RECEIVE_MAXIMUM: {
    reason: ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
    text: 'more PUBLISHes are unacknowledged than the server announced [MQTT-3.3.4-7]',
    limit: 'receive-maximum',
  },

  PROPERTY_UNKNOWN: malformed('a property identifier does not exist (2.2.2.2)'),
  PROPERTY_FOREIGN: malformed('a property does not belong to this packet (2.2.2.2)'),
  PROPERTY_TWICE: forbidden('a property is repeated (2.2.2.2)'),
  PROPERTY_TRUNCATED: malformed('the properties end within a property (2.2.2)'),
  PROPERTY_VALUE: forbidden('a property has a value that is not allowed'),

  NO_FILTERS: forbidden('the packet has no topic filter [MQTT-3.8.3-2]'),
  FILTER: { reason: ReasonCode.TOPIC_FILTER_INVALID, text: 'a topic filter is not valid (4.7)' },
  FILTER_LEVELS: {
    reason: ReasonCode.TOPIC_FILTER_INVALID,
    text: 'a topic filter has more levels than the server takes',
    limit: 'topic-levels',
  },
  FILTER_BYTES: {
    reason: ReasonCode.TOPIC_FILTER_INVALID,
    text: 'a topic filter is longer than the server takes',
    limit: 'topic-bytes',
  },
  FILTERS: {
    reason: ReasonCode.QUOTA_EXCEEDED,
    text: 'the packet has more topic filters than the server takes at once',
    limit: 'filters-per-packet',
  },
  FLOOD: {
    reason: ReasonCode.MESSAGE_RATE_TOO_HIGH,
    text: 'more PINGREQ, SUBSCRIBE and UNSUBSCRIBE packets, for longer than the server takes them',
    limit: 'flood',
  },
  SUBSCRIPTION_OPTIONS: malformed('the subscription options are not valid [MQTT-3.8.3-5]'),
  NO_LOCAL_SHARED: forbidden('No Local on a shared subscription [MQTT-3.8.3-4]'),
  SUBSCRIPTION_ID_ZERO: forbidden('the subscription identifier is 0 (3.8.2.1.2)'),
  REASON_CODE: malformed('the reason code does not belong to this packet'),
  SESSION_EXPIRY: forbidden('DISCONNECT gives a session expiry to a session that has none [MQTT-3.1.2-23]'),
} as const satisfies Record<string, Fault>;
