import type { SessionRecord, WillRecord } from '@tributary/contracts';
import type { Member } from '@tributary/log';
import { Slots } from '../connect/slots.ts';
import { SessionBucket, type SessionKv } from './session-bucket.ts';
import { SessionClaim } from './session-claim.ts';
import { withoutWill, type EndedSession, type SessionHolder } from './session-record.ts';
import type { Wills } from './wills.ts';

export interface SessionRecordsOptions {
  /** `buckets.sessions` */
  kv: SessionKv;
  wills: Pick<Wills, 'append'>;
  self: Member;
  /** Reads and writes of the bucket at the same time; as many again for records of ended connections. */
  concurrency: number;
  maxWaiting: number;
  /** Resolves when the other node serves this connection no more. @throws the signal's reason */
  evict(holder: SessionRecord, epoch: number, signal: AbortSignal): Promise<void>;
}

/** What a connection leaves behind. */
export interface Remains {
  /** Seconds the session goes on. */
  expiry: number;
  /** Still to be published. */
  will: WillRecord | undefined;
}

/**
 * Who serves which client id, one record each, written by compare-and-set only; and what is left when nobody does. The
 * revision of the record is the connection epoch while the client is connected.
 */
export class SessionRecords {
  readonly #options: SessionRecordsOptions;
  readonly #bucket: SessionBucket;
  readonly #claims: Slots;
  readonly #releases: Slots;
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(options: SessionRecordsOptions) {
    this.#options = options;
    this.#bucket = new SessionBucket(options.kv);
    this.#claims = new Slots(options.concurrency, options.maxWaiting);
    this.#releases = new Slots(options.concurrency, Infinity);
  }

  get waiting(): number {
    return this.#claims.waiting;
  }

  claim(device: SessionHolder, cleanStart: boolean): SessionClaim {
    const { wills, self, evict } = this.#options;
    const writing = (clientId: string, write: Promise<unknown>): void => {
      const known = write.catch(() => {}).finally(() => this.#writing.delete(clientId));
      this.#writing.set(clientId, known);
    };
    const parts = { bucket: this.#bucket, wills, self, slots: this.#claims, evict, writing };
    return new SessionClaim(parts, device, cleanStart);
  }

  /** Resolves when a write for this client id that is under way has been answered. */
  async written(clientId: string): Promise<void> {
    await this.#writing.get(clientId);
  }

  /** As `giveBack` of the claim, in turn with other ends. */
  giveBack(claim: SessionClaim, over: AbortSignal): Promise<void> {
    return this.#releases.use(null, () => claim.giveBack(over));
  }

  /**
   * Records the end of a connection, if the record still is its own, and then publishes its will if it is due: whoever finds the
   * record meanwhile finds what is left to do in it, so the node may die between any two steps. (If the will is in the log and the
   * record still has it, it is published again with the same id.) A clean leave of a session that ends with it deletes the record.
   * @param over aborts when this node may write no more
   * @returns false if the record still has a will that is due: somebody else must publish it
   */
  async end(device: SessionHolder, { expiry, will }: Remains, over: AbortSignal): Promise<boolean> {
    if (expiry === 0 && will === undefined) {
      await this.#settle(device, null, device.epoch, over);
      return true;
    }
    const { clientId, sessionId, connectedAtMs, receiveMaximum, epoch } = device;
    const { instance: node, epoch: nodeEpoch } = this.#options.self;
    const ended = { atMs: Date.now(), epoch };
    const record: EndedSession = {
      ...{ clientId, node, nodeEpoch, connectedAtMs, sessionId, expiry, receiveMaximum },
      ended,
    };
    if (will === undefined) {
      await this.#settle(device, record, epoch, over);
      return true;
    }
    const last = { ...record, will };
    const revision = await this.#settle(device, last, epoch, over);
    if (revision === null) return true;
    // Session-state publishes it when it is due, unless the client comes back before [MQTT-3.1.3-9].
    if (will.delay > 0 && expiry > 0) return true;
    if (!(await this.#options.wills.append(last))) return false;
    await this.#settle(device, expiry === 0 ? null : withoutWill(last), revision, over);
    return true;
  }

  #settle(
    { clientId }: SessionHolder,
    record: SessionRecord | null,
    expected: number,
    over: AbortSignal,
  ): Promise<number | null> {
    return this.#releases.use(null, () => this.#bucket.settle(clientId, record, expected, over));
  }
}
