/** A server that suites are run against. Disposing of it ends it. */
export interface Target extends AsyncDisposable {
  /** `tributary native`, `tributary aedes`, `mosquitto 2.0.11`; the head of its column. */
  readonly name: string;
  readonly kind: TargetName;
  readonly host: string;
  /** MQTT over TCP. */
  readonly port: number;
  /** `ws://host:port/path` */
  readonly websocket: string;
}

export type Engine = 'native' | 'aedes';
export type TargetName = Engine | 'mosquitto';

/** Receive Maximum that every target announces: small, so that suites which fill it end soon. */
export const RECEIVE_MAXIMUM = 100;
/** Seconds; client_test5.py expects exactly this one as Server Keep Alive. */
export const SERVER_KEEP_ALIVE = 60;
/** The filter that client_test.py and client_test5.py expect to be refused. */
export const REFUSED_FILTER = 'test/nosubscribe';
