import { createHash } from 'node:crypto';

/** What is known of all messages with one MQTT topic and payload. */
export interface Entry {
  readonly topic: string;
  /** Places in the order of their device, ascending, and when each was published; more than one if it said so twice. */
  readonly places: { readonly index: number; readonly atMs: number }[];
  acknowledged: number;
  /** PUBLISH packets, those that a client sent again included. */
  sent: number;
  inKafka: number;
  /** Who wrote the first record of it. */
  producer: string | undefined;
  /** Records that each other producer wrote; hardly any message has some. */
  others: Map<string, number> | undefined;
}

export interface KafkaRecord {
  readonly kafkaTopic: string;
  readonly key: string | null;
  readonly mqttTopic: string;
  readonly value: Uint8Array;
  /** Which producer wrote it: another one after each start of kafka-egress. */
  readonly producer: string;
}

export interface Disorder {
  readonly kafkaTopic: string;
  readonly key: string | null;
  readonly mqttTopic: string;
}

export interface Totals {
  readonly published: number;
  /** PUBLISH packets that repeat one that was not acknowledged. */
  readonly resent: number;
  readonly acknowledged: number;
  /** Records of this replay. */
  readonly inKafka: number;
  /** Acknowledged and not in Kafka, as yet. */
  readonly missing: number;
  /** Records that no device sent. */
  readonly unknown: number;
  readonly disorder: number;
}

/** Examples that are kept of each kind of fault. */
const SAMPLES = 3;

/**
 * Compares what devices sent with what is in Kafka. A message is known by its MQTT topic and a digest of its payload,
 * and all of this is a multiset: who says the same twice must be heard twice.
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** By Kafka topic and key: the last place seen. */
  readonly #last = new Map<string, number>();
  readonly #totals: { -readonly [Name in keyof Totals]: number } = {
    published: 0,
    resent: 0,
    acknowledged: 0,
    inKafka: 0,
    missing: 0,
    unknown: 0,
    disorder: 0,
  };
  readonly #disorder: Disorder[] = [];

  /** A device hands a message to its client. `index` is its place in the order of the device. */
  published(topic: string, payload: Uint8Array, index: number, atMs: number): Entry {
    const id = identity(topic, payload);
    let entry = this.#entries.get(id);
    if (!entry) {
      entry = {
        topic,
        places: [],
        acknowledged: 0,
        sent: 0,
        inKafka: 0,
        producer: undefined,
        others: undefined,
      };
      this.#entries.set(id, entry);
    }
    const resent = resentOf(entry);
    entry.places.push({ index, atMs });
    this.#totals.resent += resentOf(entry) - resent;
    this.#totals.published++;
    return entry;
  }

  /** A PUBLISH packet leaves, for the first time or again. */
  sent(topic: string, payload: Uint8Array | string): void {
    const entry = this.#entries.get(identity(topic, payload));
    if (!entry) return;
    const resent = resentOf(entry);
    entry.sent++;
    this.#totals.resent += resentOf(entry) - resent;
  }

  acknowledged(entry: Entry): void {
    entry.acknowledged++;
    this.#totals.acknowledged++;
    if (entry.acknowledged > entry.inKafka) this.#totals.missing++;
  }

  /** A record is in Kafka. @returns when its message was published, if this is the first record of it */
  record(record: KafkaRecord): number | undefined {
    const entry = this.#entries.get(identity(record.mqttTopic, record.value));
    this.#totals.inKafka++;
    if (!entry) {
      this.#totals.unknown++;
      return undefined;
    }
    entry.producer ??= record.producer;
    const byOther = record.producer !== entry.producer;
    if (byOther) {
      entry.others ??= new Map();
      entry.others.set(record.producer, (entry.others.get(record.producer) ?? 0) + 1);
    }
    const place = entry.places[entry.inKafka];
    if (entry.inKafka < entry.acknowledged) this.#totals.missing--;
    entry.inKafka++;
    // A repeat is no disorder: with QoS 1 an earlier message may come once more after later ones [MQTT-4.6.0-1], and with
    // at-least-once delivery all that was sent last comes again.
    if (!place) return undefined;
    // Of several alike that were also sent again, by device or gateway, nobody can say which one this is.
    const known = entry.sent <= entry.places.length && !byOther;
    if (entry.places.length === 1 || known) this.#checkOrder(record, place.index);
    return place.atMs;
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** Keys in Kafka topics whose order was looked at. */
  get keys(): number {
    return new Set([...this.#last.keys()].map((place) => place.slice(place.indexOf('\n')))).size;
  }

  /** Acknowledged messages that are not in Kafka. */
  missing(): string[] {
    return this.#where((entry) => entry.acknowledged > entry.inKafka);
  }

  /** Messages that are in Kafka more often than their device sent them. */
  duplicated(): string[] {
    return this.#where((entry) => entry.inKafka > entry.sent);
  }

  /** Records too many: more than their device sent. */
  get duplicates(): number {
    return this.#sum((entry) => Math.max(0, entry.inKafka - entry.sent));
  }

  /** Of these, the ones that another producer wrote, each as often as they were sent: delivered again, not doubled. */
  get redelivered(): number {
    return this.#sum((entry) => Math.min(Math.max(0, entry.inKafka - entry.sent), writtenAgain(entry)));
  }

  /** Records that repeat a message which its device sent again. */
  get repeats(): number {
    return this.#sum((entry) => Math.max(0, Math.min(entry.inKafka, entry.sent) - entry.places.length));
  }

  disordered(): readonly Disorder[] {
    return this.#disorder;
  }

  #checkOrder({ kafkaTopic, key, mqttTopic }: KafkaRecord, index: number): void {
    const line = `${kafkaTopic}\n${key ?? ''}`;
    const last = this.#last.get(line) ?? -1;
    if (index > last) {
      this.#last.set(line, index);
      return;
    }
    this.#totals.disorder++;
    if (this.#disorder.length < SAMPLES) this.#disorder.push({ kafkaTopic, key, mqttTopic });
  }

  #sum(of: (entry: Entry) => number): number {
    let sum = 0;
    for (const entry of this.#entries.values()) sum += of(entry);
    return sum;
  }

  #where(holds: (entry: Entry) => boolean): string[] {
    const topics: string[] = [];
    for (const entry of this.#entries.values()) {
      if (holds(entry)) topics.push(entry.topic);
      if (topics.length === SAMPLES) break;
    }
    return topics;
  }
}

// What a device was handed and has not sent yet counts for nothing.
function resentOf({ sent, places }: Entry): number {
  return Math.max(0, sent - places.length);
}

function writtenAgain({ others, sent }: Entry): number {
  let again = 0;
  for (const records of others?.values() ?? []) again += Math.min(records, sent);
  return again;
}

function identity(topic: string, payload: Uint8Array | string): string {
  return createHash('sha256').update(topic).update('\0').update(payload).digest('base64');
}
