import assert from 'node:assert/strict';
import type { Target } from '../target/target.ts';
import * as c from '../wire/client-packet.ts';
import { Peer } from './peer.ts';

let scenes = 0;

/** What a case plays on: a server, and names that no other case uses. Its clients end with it. */
export class Scene implements Disposable {
  readonly target: Target;
  readonly name: string;
  readonly #peers: Peer[] = [];

  constructor(target: Target) {
    this.target = target;
    this.name = `s${process.pid.toString(36)}x${(scenes++).toString(36)}`;
  }

  /** A topic of this case alone. */
  topic(level = 'a'): string {
    return `${this.name}/${level}`;
  }

  /** A client identifier of this case alone, of letters and digits. */
  clientId(which = 'a'): string {
    return `${this.name}${which}`;
  }

  /** A connection on which nothing was sent. */
  async open(version: c.Version = 5): Promise<Peer> {
    const peer = await Peer.open(this.target, version, '');
    this.#peers.push(peer);
    return peer;
  }

  /** A client that the server took; MQTT 5, and with a clean start, unless `fields` say otherwise. */
  async connect(fields: c.ConnectFields = {}): Promise<Peer> {
    const { version = 5 } = fields;
    const clientId = fields.clientId ?? this.clientId(String(this.#peers.length));
    const peer = await Peer.open(this.target, version, String(clientId));
    this.#peers.push(peer);
    const connack = await peer.send(c.connect({ ...fields, version, clientId })).next();
    assert.equal(connack.type, 'connack');
    assert.equal(connack.reason, 0, `CONNACK has reason 0x${connack.reason.toString(16)}`);
    peer.connack = connack;
    return peer;
  }

  /** Sends a CONNECT that the server must not take. */
  async refused(bytes: Buffer, version: c.Version, ...reasons: number[]): Promise<void> {
    const peer = await this.open(version);
    await peer.send(bytes).ended(...reasons);
  }

  /** A client that sends `bytes` is sent away; MQTT 5 with one of `reasons`, if there are any. */
  async sentAway(bytes: Buffer, reasons: readonly number[], fields: c.ConnectFields = {}): Promise<void> {
    const peer = await this.connect(fields);
    await peer.send(bytes).ended(...reasons);
  }

  [Symbol.dispose](): void {
    for (const peer of this.#peers) peer.drop();
  }
}
