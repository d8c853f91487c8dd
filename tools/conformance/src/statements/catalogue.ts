import { acknowledgements } from './acknowledgements.ts';
import { authentication } from './authentication.ts';
import { closing } from './closing.ts';
import { connack } from './connack.ts';
import { connectPayload } from './connect-payload.ts';
import { connect } from './connect.ts';
import { dataRepresentation } from './data-representation.ts';
import { flow } from './flow.ts';
import { packetSize } from './packet-size.ts';
import { publish } from './publish.ts';
import { retain } from './retain.ts';
import { sessions } from './sessions.ts';
import { shared } from './shared.ts';
import type { Statement } from './statement.ts';
import { subscribe } from './subscribe.ts';
import { topics } from './topics.ts';
import { unsubscribe } from './unsubscribe.ts';
import { version3 } from './version-3.ts';
import { websocket } from './websocket.ts';
import { will } from './will.ts';

/** All cases, by chapter. */
export const chapters: Readonly<Record<string, readonly Statement[]>> = {
  'data representation': dataRepresentation,
  CONNECT: connect,
  'client identifiers': connectPayload,
  CONNACK: connack,
  wills: will,
  sessions,
  PUBLISH: publish,
  'retained messages': retain,
  acknowledgements,
  SUBSCRIBE: subscribe,
  UNSUBSCRIBE: unsubscribe,
  'flow control and order': flow,
  topics,
  'shared subscriptions': shared,
  authentication: authentication,
  'packet sizes': packetSize,
  'DISCONNECT and errors': closing,
  WebSocket: websocket,
  'MQTT 3': version3,
};

export const statements: readonly Statement[] = Object.values(chapters).flat();

/** How many normative statements each section of MQTT 5 has, by its Appendix B: `[MQTT-3.1.0-1]` and `[MQTT-3.1.0-2]`. */
export const SECTIONS: Readonly<Record<string, number>> = {
  '1.5.4': 3,
  '1.5.5': 1,
  '1.5.7': 1,
  '2.1.3': 1,
  '2.2.1': 6,
  '2.2.2': 1,
  '3.1.0': 2,
  '3.1.2': 30,
  '3.1.3': 12,
  '3.1.4': 6,
  '3.2.0': 2,
  '3.2.2': 22,
  '3.3.1': 13,
  '3.3.2': 20,
  '3.3.4': 10,
  '3.4.2': 3,
  '3.5.2': 3,
  '3.6.1': 1,
  '3.6.2': 3,
  '3.7.2': 3,
  '3.8.1': 1,
  '3.8.3': 5,
  '3.8.4': 8,
  '3.9.2': 2,
  '3.9.3': 2,
  '3.10.1': 1,
  '3.10.3': 2,
  '3.10.4': 6,
  '3.11.2': 2,
  '3.11.3': 2,
  '3.12.4': 1,
  '3.14.0': 1,
  '3.14.1': 1,
  '3.14.2': 4,
  '3.14.4': 3,
  '3.15.1': 1,
  '3.15.2': 3,
  '4.1.0': 2,
  '4.2': 1,
  '4.3.1': 1,
  '4.3.2': 5,
  '4.3.3': 13,
  '4.4.0': 2,
  '4.5.0': 2,
  '4.6.0': 6,
  '4.7.0': 1,
  '4.7.1': 2,
  '4.7.2': 1,
  '4.7.3': 4,
  '4.8.2': 6,
  '4.9.0': 3,
  '4.12.0': 7,
  '4.12.1': 2,
  '4.13.1': 1,
  '4.13.2': 1,
  '6.0.0': 4,
};

/** The standard has no [MQTT-2.2.1-1]. */
const MISSING = new Set(['2.2.1-1']);

/** The identifiers of all normative statements of MQTT 5. */
export function allStatementIds(): string[] {
  return Object.entries(SECTIONS)
    .flatMap(([section, count]) => Array.from({ length: count }, (_, n) => `${section}-${n + 1}`))
    .filter((id) => !MISSING.has(id));
}
