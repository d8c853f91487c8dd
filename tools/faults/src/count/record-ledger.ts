import type { DeviceLog } from '../load/device.ts';
import { Silence } from './silence.ts';

/** What became of the messages of a fleet in one Kafka topic. */
export interface Verdict {
  records: number;
  /** Acknowledged, but not there. */
  lost: number;
  /** There more often than their device sent them. */
  duplicated: number;
  /** First occurrences behind a later message of their device. */
  reordered: number;
  /** Records that no device published. */
  unknown: number;
}

/** The numbers of each key in the order of the topic. */
export class RecordLedger {
  readonly #numbers = new Map<string, number[]>();
  readonly #silences = new Map<string, Silence>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  see(key: string, n: number): void {
    this.#count++;
    const numbers = this.#numbers.get(key);
    if (numbers) numbers.push(n);
    else this.#numbers.set(key, [n]);
    const silence = this.#silences.get(key) ?? new Silence();
    silence.broken();
    this.#silences.set(key, silence);
  }

  clear(): void {
    this.#numbers.clear();
    this.#count = 0;
  }

  /** The longest that nothing of some device arrived, in ms. */
  get longestSilenceMs(): number {
    return Math.max(0, ...[...this.#silences.values()].map(({ longestMs }) => longestMs));
  }

  restartSilence(): void {
    for (const silence of this.#silences.values()) silence.restart();
  }

  /** What it has seen of these devices alone. */
  of(devices: readonly Pick<DeviceLog, 'name'>[]): RecordLedger {
    const part = new RecordLedger();
    for (const { name } of devices) {
      const numbers = this.#numbers.get(name) ?? [];
      part.#numbers.set(name, numbers);
      part.#count += numbers.length;
    }
    return part;
  }

  /** How many of the acknowledged messages are not there yet. */
  missing(devices: readonly Pick<DeviceLog, 'name' | 'acknowledged'>[]): number {
    let missing = 0;
    for (const { name, acknowledged } of devices) {
      const seen = new Set(this.#numbers.get(name));
      for (const n of acknowledged) if (!seen.has(n)) missing++;
    }
    return missing;
  }

  verdict(devices: readonly DeviceLog[]): Verdict {
    const verdict: Verdict = {
      records: this.#count,
      lost: this.missing(devices),
      duplicated: 0,
      reordered: 0,
      unknown: 0,
    };
    const sentBy = new Map(devices.map(({ name, sent }) => [name, sent]));
    for (const [key, numbers] of this.#numbers) judge(verdict, numbers, sentBy.get(key) ?? []);
    return verdict;
  }
}

function judge(verdict: Verdict, numbers: readonly number[], sent: readonly number[]): void {
  const times = new Map<number, number>();
  let greatest = -1;
  for (const n of numbers) {
    const before = times.get(n) ?? 0;
    times.set(n, before + 1);
    if (before === 0 && n < greatest) verdict.reordered++;
    greatest = Math.max(greatest, n);
  }
  for (const [n, count] of times) {
    const copies = sent[n] ?? 0;
    if (copies === 0) verdict.unknown += count;
    else verdict.duplicated += Math.max(0, count - copies);
  }
}
