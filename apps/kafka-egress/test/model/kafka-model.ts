import type { EgressPosition } from '../../src/position/position.ts';
import type { Request, Transaction, World } from './egress-world.ts';

export interface KafkaRules {
  /** Whether InitProducerId ends the transactions and the producers before it. */
  readonly fences: boolean;
  /** Whether positions are read by read_committed. */
  readonly readsCommitted: boolean;
}

type Kafka = World['kafka'];

/** As much of Kafka as the egress relies on. Producer 0 has no transactions. */
export class KafkaModel {
  readonly #rules: KafkaRules;

  constructor(rules: KafkaRules) {
    this.#rules = rules;
  }

  initProducer(kafka: Kafka): number {
    if (this.#rules.fences) kafka.transactions = [];
    return ++kafka.producer;
  }

  readPositions(kafka: Kafka): EgressPosition[] {
    const positions = kafka.positions.map(({ position }) => position);
    return this.#rules.readsCommitted ? positions : [...positions, ...kafka.uncommitted];
  }

  /** @returns false if the producer is fenced */
  receive(world: World, request: Request): boolean {
    const { kafka } = world;
    const { producer, kind, from, to, position } = request;
    if (producer === 0) {
      if (kind === 'records') this.#append(world, from, to, false);
      else store(kafka, request);
      return true;
    }
    if (this.#rules.fences && producer !== kafka.producer) return false;
    const open = kafka.transactions.find((transaction) => transaction.producer === producer);
    const transaction: Transaction = open ?? { producer, from: 0, to: 0, position: null };
    if (open === undefined) kafka.transactions.push(transaction);
    if (kind === 'records') Object.assign(transaction, { from, to });
    else if (kind === 'position') {
      transaction.position = position;
      if (!this.#rules.readsCommitted && position !== null) kafka.uncommitted.push(position);
    } else this.#commit(world, transaction, request);
    return true;
  }

  /** Whether a request that nobody waits for can still change anything. */
  matters({ producer: current, high }: Kafka, { producer, kind, to }: Request): boolean {
    if (producer > 0) return !this.#rules.fences || producer === current;
    return kind !== 'records' || to > high;
  }

  #commit(world: World, transaction: Transaction, request: Request): void {
    const { kafka } = world;
    kafka.transactions = kafka.transactions.filter(({ producer }) => producer !== transaction.producer);
    if (transaction.from > 0) this.#append(world, transaction.from, transaction.to, true);
    if (transaction.position !== null) store(kafka, { ...request, position: transaction.position });
  }

  #append(world: World, from: number, to: number, once: boolean): void {
    const { kafka } = world;
    if (from > kafka.high + 1) world.wrong = `Kafka gets record ${from} before ${kafka.high + 1}`;
    if (once && from <= kafka.high) world.wrong = `Kafka gets record ${from} twice`;
    kafka.high = Math.max(kafka.high, to);
  }
}

function store(kafka: Kafka, { key, position, remove }: Request): void {
  if (position === null) return;
  const kept = kafka.positions.filter((entry) => entry.key !== key && !remove.includes(entry.key));
  kafka.positions = [...kept, { key, position }].sort((a, b) => (a.key < b.key ? -1 : 1));
}
