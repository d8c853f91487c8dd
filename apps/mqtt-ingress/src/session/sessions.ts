import type { Attached, SessionAddress } from '@tributary/contracts';
import type { Member } from '@tributary/log';
import type { Closure, ConnectRequest } from '@tributary/mqtt';
import { abortable } from '../connect/abortable.ts';
import type { Device } from '../device/device.ts';
import { IngressError } from '../errors.ts';
import type { IngressMetrics } from '../metrics.ts';
import { Endings } from './endings.ts';
import type { SessionClaim } from './session-claim.ts';
import type { SessionClient } from './session-client.ts';
import { willRecord } from './session-record.ts';
import type { SessionRecords } from './session-records.ts';
import type { SettlementSender } from './settlement-sender.ts';

export interface SessionsOptions {
  records: SessionRecords;
  client: SessionClient;
  settlements: SettlementSender;
  /** Aborts when this node may write and say nothing more: others do it then. */
  over: AbortSignal;
  self: Member;
  metrics: IngressMetrics;
  /** Longest time a session outlives its connection, in seconds. */
  maxExpirySeconds: number;
}

/** What a client that is accepted gets of its session. */
export interface BegunSession {
  sessionPresent: boolean;
  /** Seconds. */
  sessionExpiry: number;
}

/** Where a device's session is and who serves it, as session-state is told. */
export function addressOf({ clientId, epoch, sessionId }: Device, self: Member): SessionAddress {
  return { clientId, node: self.instance, nodeEpoch: self.epoch, epoch, sessionId };
}

/** A connection takes up its session, and leaves it. Session-state keeps it in between. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #endings: Endings;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#endings = new Endings(options.client, options.settlements, options.over);
  }

  /**
   * Claims the session record, and takes up the session if there is one or shall be. A session that ends with its connection waits for
   * nobody but the record. What this did is undone by `ended` if the CONNECT fails.
   * @throws the signal's reason, IngressError 'busy', 'superseded', 'session-unavailable'
   */
  async begin(device: Device, request: ConnectRequest, signal: AbortSignal): Promise<BegunSession> {
    device.expiry = this.#granted(request.sessionExpiry);
    const claim = this.#options.records.claim(device, request.cleanStart);
    device.claim = claim;
    await claim.take(signal);
    signal.throwIfAborted();
    let sessionPresent = false;
    if (device.expiry > 0 || claim.resumes) {
      sessionPresent = await this.#attach(device, claim.resumes, signal);
    } else if (claim.previous !== null && claim.previous.expiry > 0) {
      // The session that this clean start discards. Session-state finds another one in the record, and drops it.
      this.#endings.tell(previousAddress(claim.previous), null, true);
    }
    return { sessionPresent, sessionExpiry: device.expiry };
  }

  /** Records what is left of a connection, then tells session-state to look at it. */
  async ended(device: Device, how: Closure): Promise<void> {
    if (this.#options.over.aborted) return;
    if (device.claim !== null) await this.#refused(device, device.claim);
    else if (device.epoch > 0) await this.#left(device, how);
  }

  /** Resolves when session-state has been told of every end so far, or that is given up: the node leaves. */
  told(): Promise<void> {
    return this.#endings.told();
  }

  async #left(device: Device, how: Closure): Promise<void> {
    const { records, over, self } = this.#options;
    const { will, username, connection } = device;
    const expiry = how.sessionExpiry === undefined ? device.expiry : this.#granted(how.sessionExpiry);
    const isDue = how.willDue && will !== undefined;
    const due = isDue ? willRecord(will, connection.protocolVersion, username) : undefined;
    const isDone = await records.end(device, { expiry, will: due }, over);
    if (over.aborted || (isDone && !device.attached && !device.subscribed)) return;
    this.#endings.tell(addressOf(device, self), device.lastCommand, device.attached || !isDone);
  }

  async #refused(device: Device, claim: SessionClaim): Promise<void> {
    const { records, over, self } = this.#options;
    if (!claim.isTouched) return;
    await records.giveBack(claim, over);
    if (over.aborted) return;
    const { previous } = claim;
    // What was there may have been the connection of a dead node, of which nobody has heard that it ended.
    if (device.epoch > 0 && (device.attached || previous !== null)) {
      this.#endings.tell(addressOf(device, self), null, previous !== null);
    } else if (previous !== null) this.#endings.tell(previousAddress(previous), null, true);
  }

  /** @returns whether the session was there */
  async #attach(device: Device, resume: boolean, signal: AbortSignal): Promise<boolean> {
    const { client, settlements, self, metrics } = this.#options;
    const { receiveMaximum } = device;
    // From here on deliveries may come.
    device.attached = true;
    // What an earlier connection on this node has settled is not sent again.
    if (resume) await abortable(settlements.told(), signal);
    const command = { type: 'attach', resume, receiveMaximum, ...addressOf(device, self) } as const;
    const answer = await abortable(client.command(command, signal), signal);
    if (!answer.ok || !('present' in answer)) {
      metrics.attached('failed');
      const code = !answer.ok && answer.code === 'stale-epoch' ? 'superseded' : 'session-unavailable';
      throw new IngressError(code, answer.ok ? 'session-state did not say what it has' : answer.message);
    }
    const found: Attached = resume ? answer : NOTHING;
    device.resume(found);
    metrics.attached(found.present ? 'resumed' : 'new');
    return found.present;
  }

  #granted(asked: number): number {
    return Math.min(asked, this.#options.maxExpirySeconds);
  }
}

const NOTHING: Attached = { present: false, inbound: [], released: [] };

function previousAddress(previous: NonNullable<SessionClaim['previous']>): SessionAddress {
  const { clientId, node, nodeEpoch, sessionId, ended } = previous;
  return { clientId, node, nodeEpoch, epoch: ended.epoch, sessionId };
}
