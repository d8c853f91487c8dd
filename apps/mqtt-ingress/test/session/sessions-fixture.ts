import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { IConnectPacket } from 'mqtt-packet';
import { buckets, clientKey, type SessionRecord } from '@tributary/contracts';
import { memberKey, type Member, type MemberRecord } from '@tributary/log';
import type { Proc } from '@tributary/testing';
import { Platform, type StoredRow } from '../platform.ts';
import { RawClient } from '../raw-client.ts';
import { SessionResponder } from '../session-responder.ts';

/** A CONNECT and what CONNACK says to it. */
export interface Answered {
  client: RawClient;
  present: boolean;
  /** Session Expiry Interval in CONNACK. */
  expiry: number | undefined;
  reason: number;
}

/** Two nodes, and in the place of session-state a responder that speaks its contract: a new one for each test. */
export class SessionsFixture implements AsyncDisposable {
  readonly platform: Platform;
  readonly first: Proc;
  readonly second: Proc;
  readonly leases: KV;
  readonly #records: KV;
  session: SessionResponder;

  private constructor(platform: Platform, nodes: [Proc, Proc], records: KV, leases: KV) {
    this.platform = platform;
    [this.first, this.second] = nodes;
    this.#records = records;
    this.leases = leases;
    this.session = new SessionResponder(platform.nats);
  }

  static async start(engine: 'aedes' | 'native'): Promise<SessionsFixture> {
    const platform = await Platform.start();
    const settings = { 'mqtt.engine': engine, 'connect.timeoutMs': 2_000 };
    const first = await platform.node({ 'service.instance': 'first', ...settings });
    const second = await platform.node({ 'service.instance': 'second', ...settings });
    const kvm = new Kvm(jetstream(platform.nats));
    const records = await kvm.open(buckets.sessions);
    return new SessionsFixture(platform, [first, second], records, await kvm.open(buckets.leases));
  }

  /** Forgets what an earlier test asked for. */
  begin(): void {
    this.session[Symbol.dispose]();
    this.session = new SessionResponder(this.platform.nats);
  }

  async record(clientId: string): Promise<(SessionRecord & { revision: number }) | null> {
    const entry = await this.#records.get(clientKey(clientId));
    if (entry === null || entry.operation !== 'PUT') return null;
    return { ...entry.json<SessionRecord>(), revision: entry.revision };
  }

  /** A node in its present life. */
  async member(instance: string): Promise<Member> {
    const lease = await this.leases.get(memberKey('mqtt-ingress', instance));
    return { instance, epoch: lease?.json<MemberRecord>().epoch ?? 0 };
  }

  async rowsOf(clientId: string): Promise<StoredRow[]> {
    return (await this.platform.rows()).filter(({ row }) => row.clientId === clientId);
  }

  async connect(at: Proc, options: Partial<IConnectPacket>): Promise<Answered> {
    const client = new RawClient(at, options.protocolVersion ?? 5);
    client.sendConnect({ clean: false, protocolVersion: 5, ...options });
    const { sessionPresent, properties, reasonCode, returnCode } = await client.take('connack');
    const reason = reasonCode ?? returnCode ?? 0;
    return { client, present: sessionPresent, expiry: properties?.sessionExpiryInterval, reason };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session[Symbol.dispose]();
    await this.platform[Symbol.asyncDispose]();
  }
}

/** CONNECT of a session that outlives its connection. */
export function lasting(
  clientId: string,
  seconds = 60,
  more: Partial<IConnectPacket> = {},
): Partial<IConnectPacket> {
  return {
    ...{ clientId, protocolVersion: 5, clean: false },
    properties: { sessionExpiryInterval: seconds },
    ...more,
  };
}
