import { MAX_IN_FLIGHT } from '@tributary/contracts';
import {
  isFailure,
  ReasonCode,
  reasonText,
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
import type { Identity } from './identity.ts';

export interface AdmissionOptions {
  identity: Identity;
  clients: Clients;
  sessions: Sessions;
  metrics: IngressMetrics;
  timeoutMs: number;
  maxConnections: number;
  maxClientIdBytes: number;
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
    const timer = setTimeout(
      () => attempt.abort(new IngressError('timeout', `not admitted within ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      const verdict = await this.#proceed(request, device, attempt.signal);
      if (!verdict.accept) return this.#refuse(verdict.reason, verdict.detail ?? '');
      attempt.signal.throwIfAborted();
      device.claim = null;
      device.phase = 'open';
      metrics.accepted(request.protocolVersion);
      return verdict;
    } catch (error) {
      return this.#refuse(refusalReason(error), error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
      device.attempt = null;
    }
  }

  async #proceed(request: ConnectRequest, device: Device, signal: AbortSignal): Promise<ConnectVerdict> {
    const { identity, clients, sessions } = this.#options;
    const verdict = await abortable(identity.verify(request, signal), signal);
    if (!verdict.ok) return { accept: false, reason: verdict.reason, detail: verdict.detail };
    device.username = verdict.principal.username;
    device.receiveMaximum = Math.min(request.receiveMaximum, MAX_IN_FLIGHT);
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
    return { accept: true, ...(await sessions.begin(device, request, signal)) };
  }

  #overLimit(request: ConnectRequest, device: Device): number | null {
    const { clients, maxConnections, maxClientIdBytes, maxWillBytes } = this.#options;
    if (!request.clientIdAssigned && device.clientIdBytes.length > maxClientIdBytes) {
      return ReasonCode.CLIENT_IDENTIFIER_NOT_VALID;
    }
    if (clients.size >= maxConnections) return ReasonCode.QUOTA_EXCEEDED;
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

function refusalReason(error: unknown): number {
  if (!(error instanceof IngressError)) return ReasonCode.SERVER_UNAVAILABLE;
  return error.code === 'busy' || error.code === 'superseded'
    ? ReasonCode.SERVER_BUSY
    : ReasonCode.SERVER_UNAVAILABLE;
}
