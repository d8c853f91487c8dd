import type { SessionRecord } from '@tributary/contracts';
import type { Member } from '@tributary/log';
import { abortable, pause } from '../connect/abortable.ts';
import type { Slots } from '../connect/slots.ts';
import { IngressError } from '../errors.ts';
import type { SessionBucket, WriteOutcome } from './session-bucket.ts';
import {
  endedNow,
  isResumable,
  newSessionId,
  NOTHING_STORED,
  willDueAt,
  willRecord,
  withoutWill,
  type EndedSession,
  type SessionHolder,
  type StoredSession,
} from './session-record.ts';
import type { Wills } from './wills.ts';

export interface ClaimParts {
  bucket: SessionBucket;
  wills: Pick<Wills, 'append'>;
  self: Member;
  /** Reads and writes of the bucket at the same time. */
  slots: Slots;
  /** Resolves when the other node serves this connection no more. @throws the signal's reason */
  evict(holder: SessionRecord, epoch: number, signal: AbortSignal): Promise<void>;
  /** A write of the record is under way. */
  writing(clientId: string, write: Promise<unknown>): void;
}

const RETRY_MS = 100;

/**
 * What one CONNECT does to the session record: takes it, and puts back what it found if the CONNECT fails after all.
 *
 * What can fail, and then:
 * - A write without an answer may be stored, or may be later. What is read decides nothing by itself: a record of ours found there
 *   is written again, so that a node that has read it too, found no connection of that epoch and claims over it, loses or wins by
 *   compare-and-set like anybody else. What our record replaced is remembered, since reading shows only ours.
 * - The node dies after its write and before CONNACK: the record is one of a dead node and names the session that the
 *   device wanted to resume. The next CONNECT resumes it.
 * - A will that was waiting and has become due by this CONNECT (a clean start, an expired session) is appended before our write
 *   removes it from the record: if the node dies between, the next one appends it again, with the same id, instead of
 *   nobody. Before that the record says that the connection has ended and that its will is due.
 */
export class SessionClaim {
  readonly #parts: ClaimParts;
  readonly #device: SessionHolder;
  readonly #cleanStart: boolean;
  readonly #freshId = newSessionId();
  readonly #record: SessionRecord;
  /** What the claim replaces, ended. */
  previous: EndedSession | null = null;
  /** The session of `previous` goes on. */
  resumes = false;
  #expected = 0;
  /** The bucket has, or may have, something of this claim. */
  #isTouched = false;
  /** Epoch of the connection whose will this claim has put into the log. */
  #publishedWillOf = 0;

  constructor(parts: ClaimParts, device: SessionHolder, cleanStart: boolean) {
    const { clientId, expiry, receiveMaximum, will, username, connection } = device;
    this.#parts = parts;
    this.#device = device;
    this.#cleanStart = cleanStart;
    device.connectedAtMs = Date.now();
    this.#record = {
      clientId,
      node: parts.self.instance,
      nodeEpoch: parts.self.epoch,
      connectedAtMs: device.connectedAtMs,
      sessionId: this.#freshId,
      expiry,
      receiveMaximum,
      ...(will && { will: willRecord(will, connection.protocolVersion, username) }),
    };
  }

  /** Something was there that this claim changed, or may have changed. */
  get isTouched(): boolean {
    return this.#isTouched || this.#device.epoch > 0;
  }

  /**
   * Makes this node the one that serves the device: sets its epoch and session id. Connections of the same client id on
   * this node must have finished. Tries until the signal aborts.
   * @throws the signal's reason, IngressError 'busy'
   */
  async take(signal: AbortSignal): Promise<void> {
    // Most client ids have no record, so the first write expects none.
    let known = NOTHING_STORED;
    for (;;) {
      const outcome = await this.#replace(known, signal);
      if (typeof outcome === 'number') return;
      if (outcome === 'failed') await pause(RETRY_MS, signal);
      const found = await this.#readUnserved(signal);
      // Another write is under way: it shows in a moment, or never.
      if (outcome === 'outdated' && found.revision === known.revision) await pause(RETRY_MS, signal);
      known = found;
    }
  }

  /**
   * The CONNECT has failed: the record says again what it said before, so that the session it wanted to resume is not lost. The epoch
   * that ended last is that of this claim, of which session-state may have heard. If somebody else has claimed the record
   * meanwhile, it is theirs.
   * @param over aborts when this node may write no more
   */
  async giveBack(over: AbortSignal): Promise<void> {
    if (!this.isTouched) return;
    const { clientId, epoch } = this.#device;
    const { previous } = this;
    const isLeft = previous !== null && (previous.expiry > 0 || previous.will !== undefined);
    const { atMs = 0, epoch: endedEpoch = 0 } = previous?.ended ?? {};
    const left = isLeft ? { ...previous, ended: { atMs, epoch: epoch || endedEpoch } } : null;
    const isOurs = (record: SessionRecord): boolean => this.#isOurs(record);
    // Nothing was there: our write, if it was stored, has a revision that is not known.
    const expected = epoch || this.#expected || (await this.#strayRevision(over));
    if (expected > 0) await this.#parts.bucket.settle(clientId, left, expected, over, isOurs);
  }

  async #replace(known: StoredSession, signal: AbortSignal): Promise<WriteOutcome> {
    this.#expected = known.revision;
    if (known.record !== null && this.#isOurs(known.record)) {
      this.resumes = known.record.sessionId !== this.#freshId;
      return this.#write(signal);
    }
    const now = Date.now();
    const previous = endedNow(known, now);
    this.resumes = previous !== null && !this.#cleanStart && isResumable(previous, now);
    const isPublished = previous?.ended.epoch === this.#publishedWillOf;
    this.previous = previous && isPublished ? withoutWill(previous) : previous;
    const outcome = await this.#publishWill(known, now, signal);
    return outcome ?? this.#write(signal);
  }

  /** The will of the previous connection, if it must wait no longer. @returns null if all is done */
  async #publishWill(known: StoredSession, now: number, signal: AbortSignal): Promise<WriteOutcome | null> {
    const { previous } = this;
    if (!previous?.will) return null;
    const isWaiting = willDueAt(previous) > now;
    // The client is back in time [MQTT-3.1.3-9].
    if (this.resumes && isWaiting) return null;
    const due = { ...previous, will: { ...previous.will, delay: 0 } };
    if (isWaiting || known.record?.ended === undefined) {
      this.#isTouched = true;
      const outcome = await this.#parts.slots.use(signal, () => this.#parts.bucket.put(due, this.#expected));
      if (typeof outcome !== 'number') return outcome;
      this.#expected = outcome;
    }
    if (!(await abortable(this.#parts.wills.append(due), signal))) return 'failed';
    this.#publishedWillOf = previous.ended.epoch;
    this.#isTouched = true;
    this.previous = withoutWill(previous);
    return null;
  }

  async #write(signal: AbortSignal): Promise<WriteOutcome> {
    const { bucket, slots, writing } = this.#parts;
    const device = this.#device;
    const record = this.#record;
    record.sessionId = this.resumes && this.previous ? this.previous.sessionId : this.#freshId;
    const write = slots.use(signal, async () => {
      const outcome = await bucket.put(record, this.#expected);
      if (outcome === 'failed') this.#isTouched = true;
      if (typeof outcome !== 'number') return outcome;
      device.sessionId = record.sessionId;
      device.epoch = outcome;
      return outcome;
    });
    writing(device.clientId, write);
    return write;
  }

  /** What is there once no other node serves it: that node has written what is left of it, a dead one has not. */
  async #readUnserved(signal: AbortSignal): Promise<StoredSession> {
    const { evict, self } = this.#parts;
    for (let evicted = 0; ;) {
      const found = await this.#read(signal);
      const { record, revision } = found;
      // Of this node nothing is under way: the devices before this one have finished.
      if (record === null || record.node === self.instance || !isUnderWay(record)) return found;
      if (revision === evicted) return found;
      await evict(record, record.ended?.epoch ?? revision, signal);
      evicted = revision;
    }
  }

  async #read(signal: AbortSignal): Promise<StoredSession> {
    const { bucket, slots } = this.#parts;
    for (;;) {
      const found = await slots.use(signal, () => bucket.read(this.#device.clientId));
      if (found !== undefined) return found;
      await pause(RETRY_MS, signal);
    }
  }

  async #strayRevision(over: AbortSignal): Promise<number> {
    try {
      const { record, revision } = await this.#read(over);
      return record !== null && this.#isOurs(record) ? revision : 0;
    } catch (error) {
      if (over.aborted || error instanceof IngressError) return 0;
      throw error;
    }
  }

  /** A write without an answer takes seconds, so no two claims of a client id have the same time. */
  #isOurs({ node, nodeEpoch, connectedAtMs, ended }: SessionRecord): boolean {
    const own = this.#record;
    return (
      node === own.node &&
      nodeEpoch === own.nodeEpoch &&
      connectedAtMs === own.connectedAtMs &&
      ended === undefined
    );
  }
}

/** Its node may be serving it, or be publishing its will. */
function isUnderWay(record: SessionRecord): boolean {
  const { ended, will } = record;
  return ended === undefined || (will !== undefined && willDueAt({ ...record, ended }) <= Date.now());
}
