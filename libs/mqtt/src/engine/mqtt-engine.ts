import type { Duplex } from 'node:stream';
import type { Handshakes } from './handshakes.ts';
import type { LimitCounters } from './limit-counters.ts';

/** 3: MQTT 3.1, 4: MQTT 3.1.1, 5: MQTT 5, as in the CONNECT packet. */
export type ProtocolVersion = 3 | 4 | 5;
export type QoS = 0 | 1 | 2;

/**
 * A protocol engine: byte streams of devices on one side, an {@link EngineHost} on the other. It knows MQTT and
 * nothing else: it stores nothing, routes nothing, and acknowledges nothing before its host says so.
 */
export interface MqttEngine {
  readonly name: string;
  readonly counters: Readonly<EngineCounters>;
  /** For a listener whose streams have more to say before their CONNECT. */
  readonly handshakes: Handshakes;
  /** Takes over a stream whose first byte is the first of a CONNECT. It is refused (destroyed) while draining. */
  attach(stream: Duplex, info: StreamInfo): void;
  /**
   * Sends every connection away with a DISCONNECT carrying `reason` and takes no more of them. Resolves when each
   * has been reported as closed and the host's `closed` promises are settled.
   * @param serverReference where clients of MQTT 5 are sent (4.11); those whose handshake is under way are told as well
   */
  drain(reason: number, serverReference?: string): Promise<void>;
  /** As drain, without words: sockets are destroyed. */
  close(): Promise<void>;
}

export interface StreamInfo {
  transport: 'tcp' | 'websocket';
  /** `address:port` as the transport has it. */
  remoteAddress: string;
}

/** Plain numbers, added to on the hot path and read by metrics. */
export interface EngineCounters {
  /** Streams attached and not closed. */
  connections: number;
  packetsReceived: number;
  packetsSent: number;
  bytesReceived: number;
  bytesSent: number;
  /** Connections ended because a packet broke a rule of MQTT. */
  protocolErrors: number;
  keepAliveTimeouts: number;
  /** Streams that did not bring a complete CONNECT, or an AUTH that was waited for, in time. */
  connectTimeouts: number;
  /** Connections ended because the client stopped reading. */
  writeTimeouts: number;
  /** Errors thrown by the host or by the engine's parts; each ended one connection. */
  internalErrors: number;
  /** How often each limit of the engine took effect. */
  readonly limits: LimitCounters;
}

/**
 * What an ingress node gives an engine. Calls for one connection arrive in packet order and never during another call
 * for the same connection; an engine calls nothing from inside a call of an {@link EngineConnection} method.
 * `Context` is the host's own state of a connection, kept in {@link EngineConnection.context}.
 */
export interface EngineHost<Context = unknown> {
  /**
   * A complete, valid CONNECT, before anything is spent on it. A reason code of 0x80 or above refuses it, and the host hears no
   * more of this connection; 0: `connect` follows. A host without this method refuses nobody here.
   */
  arrived?(connection: EngineConnection<Context>): number;
  /**
   * A complete, valid CONNECT. Nothing more is read from this connection until the promise settles (but AUTH, while its
   * authentication waits for one), and what the host sends meanwhile leaves after the CONNACK. A rejected promise
   * refuses with 0x80.
   */
  connect(request: ConnectRequest, connection: EngineConnection<Context>): Promise<ConnectVerdict>;
  /**
   * The client authenticates again, by the method of its CONNECT (4.12.1); the connection goes on meanwhile. A refusal or
   * a rejected promise ends it.
   */
  authenticate(
    connection: EngineConnection<Context>,
    exchange: AuthenticationExchange,
  ): Promise<AuthenticationVerdict>;
  /** QoS 1 and 2 are answered by {@link EngineConnection.acknowledge}, in the order of the calls [MQTT-4.6.0-2]. */
  publish(connection: EngineConnection<Context>, publish: InboundPublish): void;
  /** A PUBREL; answered by {@link EngineConnection.complete} [MQTT-4.3.3-11]. */
  release(connection: EngineConnection<Context>, packetId: number): void;
  /** Answered by {@link EngineConnection.subscribed}. */
  subscribe(connection: EngineConnection<Context>, request: SubscribeRequest): void;
  /** Answered by {@link EngineConnection.unsubscribed}. */
  unsubscribe(connection: EngineConnection<Context>, request: UnsubscribeRequest): void;
  /** The client acknowledged a delivery. After 'pubrec' with success the host calls {@link EngineConnection.release}. */
  acknowledged(
    connection: EngineConnection<Context>,
    packetId: number,
    stage: DeliveryStage,
    reason: number,
  ): void;
  /** The connection takes deliveries again after {@link EngineConnection.deliver} returned false. */
  drained(connection: EngineConnection<Context>): void;
  /**
   * The last call for a connection, once for every call of `connect` (even while its promise is pending). The engine
   * reads and writes nothing more; after a DISCONNECT it keeps the socket open until the returned promise settles, so
   * a client that sees it closed knows that its leaving was recorded.
   */
  closed(connection: EngineConnection<Context>, how: Closure): void | Promise<void>;
}

/** puback: QoS 1 is done. pubrec: QoS 2 was received, and is done if the reason is a failure. pubcomp: QoS 2 is done. */
export type DeliveryStage = 'puback' | 'pubrec' | 'pubcomp';

/** One client. Methods of a closed connection do nothing. */
export interface EngineConnection<Context = unknown> {
  /** Unique within the engine's process. */
  readonly id: number;
  readonly clientId: string;
  readonly protocolVersion: ProtocolVersion;
  readonly transport: 'tcp' | 'websocket';
  readonly remoteAddress: string;
  /** The host's own; the engine never looks at it. */
  context: Context | undefined;

  /*
   * A `detail` becomes the Reason String of the answer, for the developer of the device; left out where the client wants
   * none [MQTT-3.1.2-29] or takes no packet of that size.
   */

  /** PUBACK (QoS 1) or PUBREC (QoS 2). MQTT 3.x has no reasons: a failure is acknowledged too [MQTT-3.3.5-2]. */
  acknowledge(packetId: number, qos: 1 | 2, reason: number, detail?: string): void;
  /** PUBCOMP. */
  complete(packetId: number, reason: number, detail?: string): void;
  /** SUBACK; one code for each filter of the request, in its order. MQTT 3.x sends any failure as 0x80. */
  subscribed(packetId: number, reasons: readonly number[], detail?: string): void;
  /** UNSUBACK; as `subscribed`. */
  unsubscribed(packetId: number, reasons: readonly number[], detail?: string): void;

  /**
   * Sends a PUBLISH as it is. Packet ids, the client's Receive Maximum and Maximum Packet Size are the caller's
   * concern (see OutboundWindow). The message is taken in any case; false asks to wait for `drained`.
   */
  deliver(publish: OutboundPublish): boolean;
  /** PUBREL for a delivery. */
  release(packetId: number): void;

  /**
   * Stops and goes on reading (back-pressure): cheap and idempotent. At most a few dozen packets already cut from the
   * stream still arrive. The client's keep-alive does not run while its packets are not read.
   */
  pause(): void;
  resume(): void;
  /** Ends the connection; an MQTT 5 client is told why. `closed` follows, not from inside this call. */
  disconnect(reason: number, detail: string): void;
}

export interface ConnectRequest {
  /** Never empty. */
  clientId: string;
  /** The client left it to the server [MQTT-3.1.3-6]; the engine tells an MQTT 5 client its name. */
  clientIdAssigned: boolean;
  protocolVersion: ProtocolVersion;
  /** Clean Start (5), Clean Session (3.x). */
  cleanStart: boolean;
  /** Seconds; 0: none. The engine watches it. */
  keepAlive: number;
  username: string | undefined;
  password: Uint8Array | undefined;
  /** Seconds; 0: the session ends with the connection; 0xffffffff: never. 3.x: 0 if clean, else 0xffffffff. */
  sessionExpiry: number;
  /** QoS 1 and 2 deliveries the client takes unacknowledged; 65535 unless it says otherwise. */
  receiveMaximum: number;
  /** Largest packet the client takes, in bytes; 0: any. */
  maximumPacketSize: number;
  /** Topic aliases the client takes from us; 0: none. */
  topicAliasMaximum: number;
  requestProblemInformation: boolean;
  /** The client asks for Response Information; the engine answers. */
  requestResponseInformation: boolean;
  /** The client authenticates by an exchange of its own (4.12); undefined: by user name and password, or not at all. */
  authentication: AuthenticationExchange | undefined;
  userProperties: readonly (readonly [name: string, value: string])[];
  will: Will | undefined;
}

/** An enhanced authentication of one client: what its host asks, and what it answers. */
export interface AuthenticationExchange {
  /** Authentication Method. One that the host does not know is refused with 0x8C. */
  readonly method: string;
  /** What came with the packet that began it; undefined: none. */
  readonly data: Uint8Array | undefined;
  /**
   * Sends the client a challenge and resolves with its answer. One at a time. An answer that does not come in time ends
   * the connection.
   * @throws MqttError 'connection-ended', 'packet-too-large'
   */
  challenge(data: Uint8Array): Promise<Uint8Array>;
}

export type AuthenticationVerdict =
  /** `data`: the server's last word. */
  { accept: true; data?: Uint8Array } | { accept: false; reason: number; detail?: string };

/** Published by the host, never by the engine, when a connection ends with {@link Closure.willDue}. */
export interface Will {
  topic: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
  /** Raw PUBLISH property block, as in {@link InboundPublish.properties}; without Will Delay. */
  properties: Uint8Array;
  /** Seconds. */
  delay: number;
}

export type ConnectVerdict =
  | {
      accept: true;
      /** The client finds its session as it left it. Never said to a clean start [MQTT-3.2.2-2]; absent: no. */
      sessionPresent?: boolean;
      /**
       * Seconds, if not what was asked; an MQTT 5 client is told [MQTT-3.1.2-23]. The aedes engine can tell one value
       * only, which it knows beforehand: see `maxSessionExpiry` of EngineOptions.
       */
      sessionExpiry?: number;
      /** The server's last word in an enhanced authentication. */
      authenticationData?: Uint8Array;
    }
  /** `reason`: a CONNACK reason code >= 0x80. */
  | { accept: false; reason: number; detail?: string };

/**
 * A PUBLISH from a client. `payload` and `properties` are views of the buffer read from the socket: whoever keeps
 * them for long copies them.
 */
export interface InboundPublish {
  /** Valid UTF-8 without NUL or wildcards, not empty; topic aliases are resolved. */
  topic: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
  dup: boolean;
  /** 0 for QoS 0. */
  packetId: number;
  /**
   * The raw MQTT 5 property block without its length, checked and in its order (see encodePublishProperties of
   * contracts); Topic Alias is taken out. Empty for MQTT 3.x.
   */
  properties: Uint8Array;
}

export interface OutboundPublish {
  topic: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
  dup: boolean;
  /** 1..65535; ignored for QoS 0. */
  packetId: number;
  /** As in {@link InboundPublish.properties}; not sent to MQTT 3.x. */
  properties: Uint8Array;
  /** All identifiers of the subscriptions that matched [MQTT-3.3.4-3..5]; 1..268435455. */
  subscriptionIdentifiers: readonly number[];
}

export interface SubscribeRequest {
  packetId: number;
  /** 0: none. */
  subscriptionIdentifier: number;
  /** At least one; each is a valid topic filter. */
  subscriptions: readonly RequestedSubscription[];
}

export interface RequestedSubscription {
  filter: string;
  qos: QoS;
  noLocal: boolean;
  retainAsPublished: boolean;
  /** 0: send retained messages, 1: only if the subscription is new, 2: never. */
  retainHandling: 0 | 1 | 2;
}

export interface UnsubscribeRequest {
  packetId: number;
  filters: readonly string[];
}

export type ClosureKind =
  /** DISCONNECT: the will is void. */
  | 'clean'
  /** DISCONNECT that asks for the will, or tells of an error (MQTT 5, 3.14.4). */
  | 'with-will'
  /** The stream ended without DISCONNECT. */
  | 'lost'
  | 'protocol-error'
  | 'keep-alive'
  /** Ended by the host, by drain, by a refused CONNECT, or because the client stopped reading. */
  | 'server';

export interface Closure {
  kind: ClosureKind;
  /** The reason code sent or received; 0 if none. */
  reason: number;
  detail: string;
  /** A will, if there was one, is due [MQTT-3.1.2-8]: false after a clean DISCONNECT and a refused CONNECT. */
  willDue: boolean;
  /**
   * A new Session Expiry Interval from the client's DISCONNECT, in seconds, as asked: what is granted of it is the
   * host's decision. Never above 0 if the CONNECT said 0 (3.14.2.2.2).
   */
  sessionExpiry: number | undefined;
}
