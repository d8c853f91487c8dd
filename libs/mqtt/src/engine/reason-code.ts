/**
 * The reason codes of MQTT 5 (2.4), with the packets each may appear in. A number on the wire, a name in our code.
 * Codes from 0x80 on are failures.
 */
export const ReasonCode = {
  /** Success, Normal disconnection, Granted QoS 0. CONNACK PUBACK PUBREC PUBREL PUBCOMP UNSUBACK DISCONNECT SUBACK */
  SUCCESS: 0x00,
  /** SUBACK */
  GRANTED_QOS_1: 0x01,
  /** SUBACK */
  GRANTED_QOS_2: 0x02,
  /** The client leaves and wants its will published. DISCONNECT (from a client) */
  DISCONNECT_WITH_WILL: 0x04,
  /** PUBACK PUBREC */
  NO_MATCHING_SUBSCRIBERS: 0x10,
  /** UNSUBACK */
  NO_SUBSCRIPTION_EXISTED: 0x11,
  /** AUTH */
  CONTINUE_AUTHENTICATION: 0x18,
  /** AUTH */
  RE_AUTHENTICATE: 0x19,
  /** CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT */
  UNSPECIFIED_ERROR: 0x80,
  /** The bytes do not follow the grammar. CONNACK DISCONNECT */
  MALFORMED_PACKET: 0x81,
  /** Well-formed, but not allowed here. CONNACK DISCONNECT */
  PROTOCOL_ERROR: 0x82,
  /** CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT */
  IMPLEMENTATION_SPECIFIC_ERROR: 0x83,
  /** CONNACK */
  UNSUPPORTED_PROTOCOL_VERSION: 0x84,
  /** CONNACK */
  CLIENT_IDENTIFIER_NOT_VALID: 0x85,
  /** CONNACK */
  BAD_USER_NAME_OR_PASSWORD: 0x86,
  /** CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT */
  NOT_AUTHORIZED: 0x87,
  /** CONNACK */
  SERVER_UNAVAILABLE: 0x88,
  /** CONNACK DISCONNECT */
  SERVER_BUSY: 0x89,
  /** CONNACK */
  BANNED: 0x8a,
  /** DISCONNECT */
  SERVER_SHUTTING_DOWN: 0x8b,
  /** CONNACK DISCONNECT */
  BAD_AUTHENTICATION_METHOD: 0x8c,
  /** DISCONNECT */
  KEEP_ALIVE_TIMEOUT: 0x8d,
  /** Another connection uses this client identifier now. DISCONNECT */
  SESSION_TAKEN_OVER: 0x8e,
  /** SUBACK UNSUBACK DISCONNECT */
  TOPIC_FILTER_INVALID: 0x8f,
  /** CONNACK PUBACK PUBREC DISCONNECT */
  TOPIC_NAME_INVALID: 0x90,
  /** PUBACK PUBREC SUBACK UNSUBACK */
  PACKET_IDENTIFIER_IN_USE: 0x91,
  /** PUBREL PUBCOMP */
  PACKET_IDENTIFIER_NOT_FOUND: 0x92,
  /** DISCONNECT */
  RECEIVE_MAXIMUM_EXCEEDED: 0x93,
  /** DISCONNECT */
  TOPIC_ALIAS_INVALID: 0x94,
  /** CONNACK DISCONNECT */
  PACKET_TOO_LARGE: 0x95,
  /** DISCONNECT */
  MESSAGE_RATE_TOO_HIGH: 0x96,
  /** CONNACK PUBACK PUBREC SUBACK DISCONNECT */
  QUOTA_EXCEEDED: 0x97,
  /** DISCONNECT */
  ADMINISTRATIVE_ACTION: 0x98,
  /** CONNACK PUBACK PUBREC DISCONNECT */
  PAYLOAD_FORMAT_INVALID: 0x99,
  /** CONNACK DISCONNECT */
  RETAIN_NOT_SUPPORTED: 0x9a,
  /** CONNACK DISCONNECT */
  QOS_NOT_SUPPORTED: 0x9b,
  /** CONNACK DISCONNECT */
  USE_ANOTHER_SERVER: 0x9c,
  /** CONNACK DISCONNECT */
  SERVER_MOVED: 0x9d,
  /** SUBACK DISCONNECT */
  SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: 0x9e,
  /** CONNACK DISCONNECT */
  CONNECTION_RATE_EXCEEDED: 0x9f,
  /** DISCONNECT */
  MAXIMUM_CONNECT_TIME: 0xa0,
  /** SUBACK DISCONNECT */
  SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED: 0xa1,
  /** SUBACK DISCONNECT */
  WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED: 0xa2,
} as const;

export type ReasonName = keyof typeof ReasonCode;

const NAMES = new Map<number, string>(
  Object.entries(ReasonCode).map(([name, code]) => [code, name.toLowerCase().replaceAll('_', ' ')]),
);

/** 'session taken over' for 0x8e; 'reason 0xNN' for a code MQTT 5 does not know. For logs and reason strings. */
export function reasonText(code: number): string {
  return NAMES.get(code) ?? `reason 0x${code.toString(16).padStart(2, '0')}`;
}

/** Codes from 0x80 on end the flow they answer. */
export function isFailure(code: number): boolean {
  return code >= 0x80;
}

/**
 * The return code of an MQTT 3.x CONNACK (3.1.1, table 3.1) nearest to a refusal's reason code: 1 protocol version,
 * 2 identifier, 3 unavailable (also for whatever a later attempt may cure), 4 bad credentials, 5 not authorized.
 */
export function connectReturnCode(reason: number): number {
  switch (reason) {
    case ReasonCode.UNSUPPORTED_PROTOCOL_VERSION:
      return 1;
    case ReasonCode.CLIENT_IDENTIFIER_NOT_VALID:
      return 2;
    case ReasonCode.BAD_USER_NAME_OR_PASSWORD:
      return 4;
    case ReasonCode.NOT_AUTHORIZED:
    case ReasonCode.BANNED:
    case ReasonCode.BAD_AUTHENTICATION_METHOD:
      return 5;
    default:
      return 3;
  }
}
