import type { NatsConnection, Subscription as NatsSubscription } from '@nats-io/transport-node';
import { DeliveryBatchWriter, subjects, type DeliveryInput, type DeliveryReport } from '@tributary/contracts';
import type { MemberView } from '@tributary/log';
import { NodeChannel } from './node-channel.ts';

export interface DeliveryHubOptions {
  nats: NatsConnection;
  nodes: MemberView;
  /** Lease epoch of the owner; nodes drop batches of lower ones. */
  epoch: number;
  /** Unreported bytes of a node above which QoS 0 is dropped for it; at twice this bound it is evicted. */
  nodeBytes: number;
  resendMs: number;
  /** A node that owes a report for this long is evicted, in ms. */
  patienceMs: number;
  /** Takes the lease of a stuck node, which makes it close its clients. */
  evict(node: string, epoch: number): Promise<void>;
  onBatch(): void;
  onResent(batches: number): void;
}

interface NodeState {
  epoch: number;
  channels: Map<number, NodeChannel>;
}

/**
 * All deliveries to all ingress nodes. A batch leaves at once and stays here until the node has reported it; a
 * node that does not keep up loses its lease rather than stopping the others.
 */
export class DeliveryHub implements AsyncDisposable {
  readonly #options: DeliveryHubOptions;
  readonly #nodes = new Map<string, NodeState>();
  readonly #reports: NatsSubscription;
  readonly #writer = new DeliveryBatchWriter();
  readonly #timer: NodeJS.Timeout;

  constructor(options: DeliveryHubOptions) {
    this.#options = options;
    this.#reports = options.nats.subscribe('trib.v1.session.report.*', {
      callback: (error, message) => {
        if (error) return;
        const channel = Number(message.subject.slice(message.subject.lastIndexOf('.') + 1));
        this.#reported(channel, message.json<DeliveryReport>());
      },
    });
    this.#timer = setInterval(() => this.#look(), Math.max(options.resendMs / 4, 50));
  }

  /** Whether deliveries to this life of a node would reach nobody, as far as its lease is known. */
  isAway(node: { instance: string; epoch: number }): boolean {
    return !this.#options.nodes.isLive(node);
  }

  /** Whether QoS 0 for a node is to be dropped because it is behind. */
  isBehind(node: string): boolean {
    return this.#unreportedBytes(this.#nodes.get(node)) > this.#options.nodeBytes;
  }

  get unreportedBatches(): number {
    let batches = 0;
    for (const { channels } of this.#nodes.values()) {
      for (const channel of channels.values()) batches += channel.unreportedBatches;
    }
    return batches;
  }

  /**
   * Sends deliveries made from one stretch of the log to one node.
   * @param holdsFrom first log sequence among them that the log cursor must not pass before the node has
   * reported, Infinity if there is none
   */
  deliver(
    node: { instance: string; epoch: number },
    channel: number,
    deliveries: readonly DeliveryInput[],
    range: { logSequence: number; holdsFrom: number },
  ): void {
    if (!this.#options.nodes.isLive(node)) return;
    const nodeChannel = this.#channel(node, channel);
    for (const delivery of deliveries) {
      this.#writer.append(delivery);
      if (this.#writer.bytes >= BATCH_BYTES) this.#send(nodeChannel, channel, range);
    }
    if (this.#writer.rows > 0) this.#send(nodeChannel, channel, range);
  }

  /** First log sequence of a channel that some live node may not have yet; Infinity if there is none. */
  holdsFrom(channel: number): number {
    let from = Infinity;
    for (const { channels } of this.#nodes.values())
      from = Math.min(from, channels.get(channel)?.holdsFrom ?? from);
    return from;
  }

  [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#reports.unsubscribe();
    return Promise.resolve();
  }

  #send(target: NodeChannel, channel: number, range: { logSequence: number; holdsFrom: number }): void {
    const { logSequence, holdsFrom } = range;
    const { epoch } = this.#options;
    target.send(this.#writer.finish({ channel, epoch, number: target.nextNumber, logSequence }), holdsFrom);
    this.#options.onBatch();
  }

  #channel({ instance, epoch }: { instance: string; epoch: number }, channel: number): NodeChannel {
    let state = this.#nodes.get(instance);
    if (state?.epoch !== epoch) {
      state = { epoch, channels: new Map() };
      this.#nodes.set(instance, state);
    }
    let known = state.channels.get(channel);
    if (known === undefined) {
      const { nats, onResent } = this.#options;
      const subject = subjects.deliveries(instance, epoch);
      known = new NodeChannel({ send: (frame) => nats.publish(subject, frame), onResent });
      state.channels.set(channel, known);
    }
    return known;
  }

  #reported(channel: number, report: DeliveryReport): void {
    if (report.epoch !== this.#options.epoch) return;
    const state = this.#nodes.get(report.node);
    if (state?.epoch === report.nodeEpoch) state.channels.get(channel)?.reported(report);
  }

  #look(): void {
    const { nodes, resendMs, patienceMs, nodeBytes, evict } = this.#options;
    for (const [node, state] of this.#nodes) {
      if (!nodes.isLive({ instance: node, epoch: state.epoch })) {
        this.#nodes.delete(node);
        continue;
      }
      let silentMs = 0;
      for (const channel of state.channels.values()) {
        channel.resendIfSilent(resendMs);
        silentMs = Math.max(silentMs, channel.silentMs);
      }
      if (silentMs < patienceMs && this.#unreportedBytes(state) < nodeBytes * 2) continue;
      this.#nodes.delete(node);
      void evict(node, state.epoch);
    }
  }

  #unreportedBytes(state: NodeState | undefined): number {
    let bytes = 0;
    if (state) for (const channel of state.channels.values()) bytes += channel.unreportedBytes;
    return bytes;
  }
}

/** Batches aim at this size, in bytes; a larger single delivery travels alone. */
const BATCH_BYTES = 64 * 1024;
