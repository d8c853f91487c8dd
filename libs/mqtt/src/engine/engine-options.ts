import { MqttError } from '../errors.ts';
import { topicNameProblem } from '../topic-name.ts';

/** What an engine lets its devices do. Sizes in bytes, times in milliseconds. */
export interface EngineOptions {
  /** Largest packet a client may send; announced to MQTT 5 clients. */
  maxPacketBytes: number;
  /** Largest CONNECT: anybody may send one. */
  maxConnectBytes: number;
  /**
   * Unacknowledged QoS 1 and 2 PUBLISHes of an MQTT 5 client; announced and enforced (DISCONNECT 0x93). The default is
   * all that packet identifiers allow: widespread clients (MQTT.js 5) do not heed a smaller one and would be cut off,
   * and back-pressure does not need it.
   */
  receiveMaximum: number;
  /** Topic aliases an MQTT 5 client may use; each can hold a topic of 64 KiB. */
  topicAliasMaximum: number;
  /** Levels of a topic or filter; aedes takes 100 at most. */
  maxTopicLevels: number;
  /** Longest topic name or filter. */
  maxTopicBytes: number;
  /** Topic filters of one SUBSCRIBE or UNSUBSCRIBE. */
  maxFilters: number;
  /**
   * PINGREQ, SUBSCRIBE, UNSUBSCRIBE, and acknowledgements of nothing, in a second of one client; ten times as many may come
   * at once. Beyond it the client is read no faster. 0: any number.
   */
  maxControlPackets: number;
  /** A client that goes beyond `maxControlPackets` for this long is sent away (DISCONNECT 0x96). */
  floodPatienceMs: number;
  /** Streams without a complete CONNECT; beyond it the oldest gives way. */
  maxUnfinished: number;
  /** The same for those of one IPv4 address or IPv6 network. */
  maxUnfinishedPerAddress: number;
  /** All that clients may make the engine hold of packets that have not arrived whole. */
  maxIncompleteBytes: number;
  /**
   * Longest keep-alive of an MQTT 5 client in seconds, 0 for any; one that asks for more, or for none, is told this one
   * as Server Keep Alive [MQTT-3.1.2-21]. The native engine only: aedes has no word for it.
   */
  maxKeepAlive: number;
  /**
   * Longest session that the host grants, in seconds; 0: none outlives its connection, 0xffffffff: any. The aedes engine
   * only, which announces this one; the native engine announces what the host says of each connection.
   */
  maxSessionExpiry: number;
  /** Told as Response Information to MQTT 5 clients that ask for it (3.2.2.3.14); empty: none. */
  responseInformation: string;
  /** From the first byte to a complete CONNECT; and from a challenge to the AUTH that answers it. */
  connectTimeoutMs: number;
  /** How long a client may leave what it was sent unread before it is cut off. */
  writeTimeoutMs: number;
  /** How long a closing socket may take to read its last packet. */
  lingerMs: number;
  /** Told of every error that was thrown where none is expected; the connection it concerns is closed. */
  report: (error: unknown) => void;
}

export const defaultEngineOptions: EngineOptions = {
  maxPacketBytes: 960 * 1024,
  maxConnectBytes: 128 * 1024,
  receiveMaximum: 65535,
  topicAliasMaximum: 8,
  maxTopicLevels: 100,
  maxTopicBytes: 65_535,
  maxFilters: 1_000,
  maxControlPackets: 100,
  floodPatienceMs: 60_000,
  maxUnfinished: 16_384,
  maxUnfinishedPerAddress: 16_384,
  maxIncompleteBytes: 128 * 1024 * 1024,
  maxKeepAlive: 0,
  maxSessionExpiry: 0xffffffff,
  responseInformation: '',
  connectTimeoutMs: 10_000,
  writeTimeoutMs: 60_000,
  lingerMs: 2_000,
  report: () => {},
};

/** Every numeric option with its allowed range. */
const RANGES: [Exclude<keyof EngineOptions, 'report' | 'responseInformation'>, number, number][] = [
  ['maxPacketBytes', 128, 268_435_460],
  ['maxConnectBytes', 128, 268_435_460],
  ['receiveMaximum', 1, 65535],
  ['topicAliasMaximum', 0, 65535],
  ['maxTopicLevels', 1, 100],
  ['maxTopicBytes', 1, 65_535],
  ['maxFilters', 1, 1_000_000],
  ['maxControlPackets', 0, 1_000_000],
  ['floodPatienceMs', 1, 3_600_000],
  ['maxUnfinished', 1, 1_000_000],
  ['maxUnfinishedPerAddress', 1, 1_000_000],
  ['maxIncompleteBytes', 65_536, 2 ** 40],
  ['maxKeepAlive', 0, 65535],
  ['maxSessionExpiry', 0, 0xffffffff],
  ['connectTimeoutMs', 1, 3_600_000],
  ['writeTimeoutMs', 1, 3_600_000],
  ['lingerMs', 0, 60_000],
];

/** @throws MqttError 'invalid-option' */
export function engineOptions(given: Partial<EngineOptions>): EngineOptions {
  const options = { ...defaultEngineOptions, ...given };
  for (const [name, least, most] of RANGES) {
    const value = options[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new MqttError('invalid-option', `${name} is ${value}, allowed are ${least} to ${most}`);
    }
  }
  const { responseInformation } = options;
  const problem = responseInformation === '' ? null : topicNameProblem(responseInformation);
  if (problem !== null) throw new MqttError('invalid-option', `responseInformation: ${problem}`);
  return options;
}
