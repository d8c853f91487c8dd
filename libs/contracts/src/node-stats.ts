/**
 * What an ingress node has done since it started, as JSON on `subjects.nodeStats`, every few seconds. Any may be lost: the next
 * one says it all again. For `$SYS` topics; nothing depends on it.
 */
export interface NodeStats {
  /** When the process started, in ms since the epoch: a new value means that the counts begin anew. */
  startedAtMs: number;
  version: string;
  /** Devices connected now. */
  clients: number;
  counts: NodeCounts;
}

/** Only grow while the process runs. */
export interface NodeCounts {
  /** CONNECTs accepted. */
  connections: number;
  /** Streams accepted, before any CONNECT. */
  sockets: number;
  /** MQTT packets of all kinds. */
  messagesReceived: number;
  messagesSent: number;
  bytesReceived: number;
  bytesSent: number;
  /** PUBLISH packets. */
  publishReceived: number;
  publishSent: number;
  /** To devices: of full queues, expired, and so on; from devices: of QoS 0 that the log had no room for. */
  publishDropped: number;
  /** Payloads of the PUBLISH packets received. */
  publishBytesReceived: number;
}
