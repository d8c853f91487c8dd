import type { ConnectPacket as AedesConnectPacket } from 'aedes';

/**
 * Below one second and above zero: aedes takes the session for one that outlives its connection (`clean` is false),
 * which is what makes it show PUBREC and UNSUBSCRIBE to its persistence instead of answering them, while the value it
 * writes into CONNACK, a whole number of seconds, is the truth: 0.
 */
const NO_EXPIRY = 0.5;

/** The limit to give aedes, which says in CONNACK what it is if a client asks for more [MQTT-3.1.2-23]. */
export function sessionExpiryLimit(maxSessionExpiry: number): number {
  return maxSessionExpiry === 0 ? NO_EXPIRY : maxSessionExpiry;
}

/**
 * Changes a CONNECT, in `preConnect`, into what aedes shall know of it. (`preConnect` answers synchronously: while it
 * waits, aedes processes later packets of an unauthenticated client.)
 * - The will is the host's to publish.
 * - Keep-alive is watched by the engine, which knows when it does not read.
 * - The client identifier becomes `name`, unique to the connection: takeover is the host's, and identifiers such as
 *   `__proto__` or `constructor` crash aedes, which keeps its clients in a plain object. An empty one of MQTT 5 stays,
 *   so that aedes assigns and announces one [MQTT-3.2.2-16].
 */
export function amendConnect(packet: AedesConnectPacket, name: string, maxSessionExpiry: number): void {
  delete packet.will;
  packet.keepalive = 0;
  if (packet.protocolVersion !== 5) {
    packet.clientId = name;
    packet.clean = false;
    return;
  }
  if (packet.clientId !== '') packet.clientId = name;
  const properties = (packet.properties ??= {});
  // What is above the limit stays, so that aedes says so. For the rest it need remember no session for long.
  const asked = properties.sessionExpiryInterval ?? 0;
  if (asked <= maxSessionExpiry) properties.sessionExpiryInterval = NO_EXPIRY;
}
