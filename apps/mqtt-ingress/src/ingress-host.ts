import {
  ReasonCode,
  type AuthenticationExchange,
  type AuthenticationVerdict,
  type Closure,
  type ConnectRequest,
  type ConnectVerdict,
  type DeliveryStage,
  type EngineConnection,
  type EngineHost,
  type InboundPublish,
  type SubscribeRequest,
  type UnsubscribeRequest,
} from '@tributary/mqtt';
import { Device, type DeviceLimits } from './device/device.ts';
import type { ConnectRates } from './limits/connect-rates.ts';
import type { IngressMetrics } from './metrics.ts';
import type { CurrentLife } from './node/current-life.ts';

type Connection = EngineConnection<Device>;

/** What an engine talks to. Every connection belongs to the life of the node in which it began. */
export class IngressHost implements EngineHost<Device> {
  readonly #metrics: IngressMetrics;
  readonly #limits: DeviceLimits;
  readonly #connectRates: ConnectRates;
  readonly #current: CurrentLife;

  constructor(
    metrics: IngressMetrics,
    limits: DeviceLimits,
    connectRates: ConnectRates,
    current: CurrentLife,
  ) {
    this.#metrics = metrics;
    this.#limits = limits;
    this.#connectRates = connectRates;
    this.#current = current;
  }

  arrived({ remoteAddress }: Connection): number {
    const excess = this.#connectRates.excess(remoteAddress);
    if (excess === null) return ReasonCode.SUCCESS;
    this.#metrics.limited(excess);
    this.#metrics.refused(ReasonCode.CONNECTION_RATE_EXCEEDED);
    return ReasonCode.CONNECTION_RATE_EXCEEDED;
  }

  async connect(request: ConnectRequest, connection: Connection): Promise<ConnectVerdict> {
    this.#metrics.connected[connection.transport]++;
    const life = this.#current.get() ?? (await this.#current.forConnection(connection));
    if (life === null) {
      this.#metrics.refused(ReasonCode.SERVER_UNAVAILABLE);
      const detail = 'the node is not serving';
      return { accept: false, reason: ReasonCode.SERVER_UNAVAILABLE, detail };
    }
    const device = new Device(connection, life, this.#metrics, this.#limits);
    connection.context = device;
    device.admission = life.admission.admit(request, device);
    return device.admission;
  }

  async authenticate(
    { context }: Connection,
    exchange: AuthenticationExchange,
  ): Promise<AuthenticationVerdict> {
    if (!context) return { accept: false, reason: ReasonCode.SERVER_UNAVAILABLE };
    return context.life.admission.authenticate(context, exchange);
  }

  publish({ context }: Connection, publish: InboundPublish): void {
    context?.life.inbound.publish(context, publish);
  }

  release({ context }: Connection, packetId: number): void {
    context?.life.inbound.release(context, packetId);
  }

  subscribe({ context }: Connection, request: SubscribeRequest): void {
    context?.life.subscriptions.subscribe(context, request);
  }

  unsubscribe({ context }: Connection, request: UnsubscribeRequest): void {
    context?.life.subscriptions.unsubscribe(context, request);
  }

  acknowledged({ context }: Connection, packetId: number, stage: DeliveryStage, reason: number): void {
    if (!context) return;
    if (context.outbound().acknowledged(packetId, stage, reason, Date.now())) return;
    context.dismiss(ReasonCode.PROTOCOL_ERROR, `${stage} ${packetId} answers nothing that was sent so`);
  }

  drained({ context }: Connection): void {
    context?.outbound().drained(Date.now());
  }

  async closed(connection: Connection, how: Closure): Promise<void> {
    const { context, transport } = connection;
    this.#metrics.connected[transport]--;
    this.#metrics.closed(how.kind);
    if (context) await context.life.connectionEnded(context, how);
    else this.#current.ended(connection);
  }
}
