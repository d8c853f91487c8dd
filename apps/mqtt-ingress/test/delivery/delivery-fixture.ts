import type { IPublishPacket } from 'mqtt-packet';
import { Kvm, type KV } from '@nats-io/kv';
import { jetstream } from '@nats-io/jetstream';
import { setTimeout as delay } from 'node:timers/promises';
import { buckets, clientKey } from '@tributary/contracts';
import { uniqueName, until, type Proc } from '@tributary/testing';
import type { Member } from '@tributary/log';
import { Platform } from '../platform.ts';
import { RawClient } from '../raw-client.ts';
import { SessionResponder, type TestDelivery } from '../session-responder.ts';

/** Name of the node under test. */
export const NODE = 'node-d';

/** Deliveries that a device of the node may leave unacknowledged. */
export const INFLIGHT = 60;

/** One node, and in the place of session-state a responder that speaks its contract. */
export class DeliveryFixture implements AsyncDisposable {
  readonly platform: Platform;
  readonly node: Proc;
  readonly session: SessionResponder;
  /** The life of the node that batches are for. */
  readonly self: Member;
  readonly #sessions: KV;
  /** A channel of its own for each test. */
  channel = 0;

  private constructor(platform: Platform, node: Proc, self: Member, sessions: KV) {
    this.platform = platform;
    this.node = node;
    this.self = self;
    this.session = new SessionResponder(platform.nats);
    this.#sessions = sessions;
  }

  static async start(): Promise<DeliveryFixture> {
    const platform = await Platform.start();
    const limits = { 'limits.queueMessages': 100, 'limits.queueBytes': 400_000, 'limits.inflight': INFLIGHT };
    const node = await platform.node({ 'service.instance': NODE, 'lease.ttlMs': 60_000, ...limits });
    const sessions = await new Kvm(jetstream(platform.nats)).open(buckets.sessions);
    const leases = await new Kvm(jetstream(platform.nats)).open(buckets.leases);
    const lease = await leases.get(`member.mqtt-ingress.${NODE}`);
    const self = { instance: NODE, epoch: lease?.json<{ epoch: number }>().epoch ?? 0 };
    return new DeliveryFixture(platform, node, self, sessions);
  }

  /** A connected device, its client id and its connection epoch. */
  async connect(version: 4 | 5 = 4, options: object = {}): Promise<[RawClient, string, number]> {
    const clientId = uniqueName('dev');
    const client = await RawClient.connect(this.node, { clientId, protocolVersion: version, ...options });
    const record = await this.#sessions.get(clientKey(clientId));
    return [client, clientId, record?.revision ?? 0];
  }

  /** Sends one batch on the channel of this test. */
  send(number: number, epoch: number, deliveries: TestDelivery[]): void {
    this.session.send(this.self, { channel: this.channel, epoch, number }, deliveries);
  }

  async reported(number: number, epoch: number): Promise<void> {
    await until(() => {
      const last = this.session.lastReport(this.channel);
      return last?.number === number && last.epoch === epoch && last.node === NODE;
    });
  }

  /** Reports on the channel of this test so far; only those that ask for a resend if `resend`. */
  reports(resend = false): number {
    return this.session.reports.filter(
      (report) => report.channel === this.channel && (!resend || report.resend),
    ).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session[Symbol.dispose]();
    await this.platform[Symbol.asyncDispose]();
  }
}

/** The next PUBLISH packets, at least `count` and whatever comes right behind them. */
export async function publishes(client: RawClient, count: number): Promise<IPublishPacket[]> {
  await until(() => client.received.filter(({ cmd }) => cmd === 'publish').length >= count);
  await delay(30);
  return client.received.splice(0).filter((packet) => packet.cmd === 'publish');
}
