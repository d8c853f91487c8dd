/**
 * One PUBLISH as the mapping sees it; a row of the log offers just this. Every field may be a getter that
 * decodes: the pipeline reads what it needs, once per message and use.
 */
export interface MappedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly clientId: string;
  /** The same in UTF-8: headers copy it without decoding. */
  readonly clientIdBytes: Uint8Array;
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly receivedMs: number;
  /** The MQTT 5 property block, not decoded; empty if there is none. */
  readonly properties: Uint8Array;
  /** W3C traceparent in ASCII; empty if there is none. */
  readonly trace: Uint8Array;
}
