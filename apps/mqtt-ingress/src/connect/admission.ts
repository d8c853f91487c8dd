import {
  isFailure,
  MqttError,
  ReasonCode,
  reasonText,
  type AuthenticationExchange,
  type AuthenticationVerdict,
  type ConnectRequest,
  type ConnectVerdict,
  type Will,
} from '@tributary/mqtt';
import type { Device } from '../device/device.ts';
import { IngressError } from '../errors.ts';
import { isReservedTopic } from '../intake/reserved-topic.ts';
import type { IngressMetrics } from '../metrics.ts';
import type { Sessions } from '../session/sessions.ts';
import { abortable } from './abortable.ts';
import type { Clients } from './clients.ts';
import type { Identity, IdentityVerdict } from './identity.ts';

export interface AdmissionOptions {
  identity: Identity;
  clients: Clients;
  sessions: Sessions;
  metrics: IngressMetrics;
  timeoutMs: number;
  maxConnections: number;
  maxClientIdBytes: number;
  /** Deliveries of QoS 1 and 2 on their way to one device at once. */
  maxInflight: number;
  /** Topic, payload and properties of a will: it is kept in the session record. */
  maxWillBytes: number;
}

/** What a CONNECT goes through: limits, identity, takeover of older connections, its session. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Never rejects, and settles within the time a CONNECT may take. A device that was refused may hold a session
   * record all the same (`claim` is not null): whoever handles its end gives it back.
   */
  async admit(request: ConnectRequest, device: Device): Promise<ConnectVerdict> {
    const { metrics, timeoutMs } = this.#options;
    const refused = this.#overLimit(request, device);
    if (refused !== null) return this.#refuse(refused, reasonText(refused));
    const attempt = new AbortController();
    device.attempt = attempt;
    let timer: NodeJS.Timeout | undefined;
    const beginTiming = (): void => {
      const error = new IngressError('timeout', `not admitted within ${timeoutMs} ms`);
      timer ??= setTimeout(() => attempt.abort(error), timeoutMs);
    };
    // In an exchange it is the device that may be slow, and the engine gives each of its answers its time.
    if (request.authentication === undefined) beginTiming();
    try {
      const identified = await abortable(this.#options.identity.verify(request), attempt.signal);
      if (!identified.ok) return this.#refuse(identified.reason, identified.detail);
      beginTiming();
      const verdict = await this.#proceed(request, device, identified, attempt.signal);
      attempt.signal.throwIfAborted();
      device.claim = null;
      device.phase = 'open';
      metrics.accepted(request.protocolVersion);
      return verdict;
    } catch (error) {
      if (isOver(error)) return { accept: false, reason: ReasonCode.UNSPECIFIED_ERROR };
      // What went wrong behind us is not the device's to know.
      const detail =
        error instanceof IngressError ? error.message : 'the device cannot be admitted at present';
      return this.#refuse(refusalReason(error), detail);
    } finally {
      clearTimeout(timer);
      device.attempt = null;
    }
  }

  /** A device that is connected proves again who it is. Its exchange has the time that the engine gives each answer. */
  async authenticate(device: Device, exchange: AuthenticationExchange): Promise<AuthenticationVerdict> {
    const { identity, metrics } = this.#options;
    const verdict = await identity.authenticate({ username: device.username }, exchange);
    metrics.reauthenticated(verdict.accept);
    return verdict;
  }

  async #proceed(
    request: ConnectRequest,
    device: Device,
    { principal, last }: IdentityVerdict & { ok: true },
    signal: AbortSignal,
  ): Promise<ConnectVerdict & { accept: true }> {
    const { clients, sessions } = this.#options;
    device.username = principal.username;
    device.receiveMaximum = Math.min(request.receiveMaximum, this.#options.maxInflight);
    device.maximumPacketSize = request.maximumPacketSize;
    device.will = request.will && keep(request.will);
    // Only who is known may end another connection.
    const previous = clients.add(device);
    if (previous !== undefined) {
      previous.supersede();
      this.#options.metrics.takeoversHere.add(1);
      await abortable(previous.finished(), signal);
      device.previous = undefined;
    }
    const session = await sessions.begin(device, request, signal);
    return { accept: true, ...session, ...(last !== undefined && { authenticationData: last }) };
  }

  #overLimit(request: ConnectRequest, device: Device): number | null {
    const { clients, maxConnections, maxClientIdBytes, maxWillBytes, metrics } = this.#options;
    if (!request.clientIdAssigned && device.clientIdBytes.length > maxClientIdBytes) {
      metrics.limited('client-id-bytes');
      return ReasonCode.CLIENT_IDENTIFIER_NOT_VALID;
    }
    if (clients.size >= maxConnections) {
      metrics.limited('connections');
      return ReasonCode.QUOTA_EXCEEDED;
    }
    if (request.will && isReservedTopic(request.will.topic)) return ReasonCode.TOPIC_NAME_INVALID;
    if (request.will && willBytes(request.will) > maxWillBytes) return ReasonCode.PACKET_TOO_LARGE;
    return null;
  }

  #refuse(reason: number, detail: string): ConnectVerdict {
    this.#options.metrics.refused(reason);
    return { accept: false, reason: isFailure(reason) ? reason : ReasonCode.UNSPECIFIED_ERROR, detail };
  }
}

/** A will outlives the buffer it was read into. */
function keep(will: Will): Will {
  return { ...will, payload: Buffer.from(will.payload), properties: Buffer.from(will.properties) };
}

function willBytes({ topic, payload, properties }: Will): number {
  return Buffer.byteLength(topic) + payload.length + properties.length;
}

/** The client left in the middle of its authentication, which is nobody's refusal. */
function isOver(error: unknown): boolean {
  return error instanceof MqttError && error.code === 'connection-ended';
}

function refusalReason(error: unknown): number {
  if (error instanceof MqttError && error.code === 'packet-too-large') return ReasonCode.PACKET_TOO_LARGE;
  if (!(error instanceof IngressError)) return ReasonCode.SERVER_UNAVAILABLE;
  return error.code === 'busy' || error.code === 'superseded'
    ? ReasonCode.SERVER_BUSY
    : ReasonCode.SERVER_UNAVAILABLE;
}
