import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import { clientKey, type SessionRecord } from '@tributary/contracts';
import { isWrongLastSequence, type Member } from '@tributary/log';
import { pause } from '../connect/abortable.ts';
import { Slots } from '../connect/slots.ts';
import type { Device } from '../device/device.ts';

export interface SessionRecordsOptions {
  /** `buckets.sessions` */
  kv: KV;
  self: Member;
  /** Reads and writes of the bucket at the same time; as many again for records of ended connections. */
  concurrency: number;
  maxWaiting: number;
  /** Resolves when the other node serves this connection no more. @throws the signal's reason */
  evict(holder: SessionRecord, epoch: number, signal: AbortSignal): Promise<void>;
}

/** Time for one read or write, in ms; then it is tried again. */
const OPERATION_MS = 2_000;
const RETRY_MS = 100;
const RELEASE_ATTEMPTS = 3;
/**
 * How long the bucket remembers that a record was deleted: the least it can. A device that comes back later finds no
 * trace, and its record is written in one round trip instead of three.
 */
const MARKER_TTL = '1s';

/**
 * Who serves which client id, one record each, written by compare-and-set only. The revision of the record is
 * the connection epoch. A read may be stale; only the write decides.
 */
export class SessionRecords {
  readonly #options: SessionRecordsOptions;
  readonly #claims: Slots;
  readonly #releases: Slots;
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(options: SessionRecordsOptions) {
    this.#options = options;
    this.#claims = new Slots(options.concurrency, options.maxWaiting);
    this.#releases = new Slots(options.concurrency, Infinity);
  }

  get waiting(): number {
    return this.#claims.waiting;
  }

  /**
   * Makes this node the one that serves the device, and sets its epoch. Connections of the same client id on this
   * node must have finished. Tries until the signal aborts.
   * @throws the signal's reason, IngressError 'busy'
   */
  async claim(device: Device, signal: AbortSignal): Promise<void> {
    const key = clientKey(device.clientId);
    let expected = 0;
    for (;;) {
      const writing = this.#claims.use(signal, () => this.#write(key, device, expected));
      this.#writing.set(device.clientId, writing);
      const outcome = await writing.finally(() => this.#writing.delete(device.clientId));
      if (outcome === 'written') return;
      if (outcome === 'failed') await pause(RETRY_MS, signal);
      const entry = await this.#claims.use(signal, () => this.#read(key));
      if (entry === undefined) continue;
      // Our own leftover, or that of an earlier life of this node, serves nobody.
      if (entry.holder !== null && entry.holder.node !== this.#options.self.instance) {
        await this.#options.evict(entry.holder, entry.revision, signal);
      }
      // Another write is under way: it shows in a moment, or never.
      if (outcome === 'outdated' && entry.revision === expected) await pause(RETRY_MS, signal);
      expected = entry.revision;
    }
  }

  /** Resolves when a write for this client id that is under way has been answered. */
  async written(clientId: string): Promise<void> {
    await this.#writing.get(clientId)?.catch(() => {});
  }

  /**
   * Deletes the record of an ended connection if it still is its own. One that stays is harmless.
   * @param over aborts when this node may write no more
   */
  async release(device: Device, over: AbortSignal): Promise<void> {
    const { kv } = this.#options;
    const key = clientKey(device.clientId);
    const options = { previousSeq: device.epoch, ttl: MARKER_TTL };
    for (let attempt = 0; attempt < RELEASE_ATTEMPTS; attempt++) {
      try {
        await this.#releases.use(null, () => {
          over.throwIfAborted();
          return kv.purge(key, options);
        });
        return;
      } catch (error) {
        if (over.aborted || isWrongLastSequence(error)) return;
        await delay(RETRY_MS);
      }
    }
  }

  async #write(key: string, device: Device, expected: number): Promise<'written' | 'outdated' | 'failed'> {
    const { kv, self } = this.#options;
    const record: SessionRecord = {
      clientId: device.clientId,
      node: self.instance,
      nodeEpoch: self.epoch,
      connectedAtMs: Date.now(),
    };
    try {
      const options = { previousSeq: expected, timeout: OPERATION_MS };
      device.epoch = await kv.put(key, JSON.stringify(record), options);
      return 'written';
    } catch (error) {
      return isWrongLastSequence(error) ? 'outdated' : 'failed';
    }
  }

  async #read(key: string): Promise<{ revision: number; holder: SessionRecord | null } | undefined> {
    try {
      const entry = await this.#options.kv.get(key);
      if (entry === null) return { revision: 0, holder: null };
      const holder = entry.operation === 'PUT' ? entry.json<SessionRecord>() : null;
      return { revision: entry.revision, holder };
    } catch {
      return undefined;
    }
  }
}
