import type { Health } from '@tributary/service';

type Trouble = 'halted' | 'kafka' | 'dead-letters' | 'topic';

/** Health of one cluster, made of the troubles of its partitions. */
export class ClusterHealth implements Disposable {
  readonly #health: Pick<Health, 'set' | 'remove'>;
  readonly #cluster: string;
  readonly #partitions = new Map<number, Map<Trouble, string>>();
  #ofCluster: string | null = null;

  constructor(health: Pick<Health, 'set' | 'remove'>, cluster: string) {
    this.#health = health;
    this.#cluster = cluster;
    this.#say();
  }

  set(partition: number, trouble: Trouble, reason: string | null): void {
    const troubles = this.#partitions.get(partition) ?? new Map<Trouble, string>();
    if (reason === null) troubles.delete(trouble);
    else troubles.set(trouble, reason);
    this.#replace(partition, troubles);
  }

  /** What is wrong with the cluster itself, whoever owns its partitions; null: nothing. */
  ofCluster(reason: string | null): void {
    this.#ofCluster = reason;
    this.#say();
  }

  /** The partition is no longer worked on here. */
  clear(partition: number): void {
    this.#replace(partition, new Map());
  }

  troubles(partition: number): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#partitions.get(partition) ?? []);
  }

  isHalted(partition: number): boolean {
    return this.#partitions.get(partition)?.has('halted') ?? false;
  }

  /** Partitions held up by a record, a finding or a full store. */
  get blocked(): number {
    const isBlocked = (troubles: ReadonlyMap<Trouble, string>): boolean =>
      troubles.has('halted') || troubles.has('dead-letters') || troubles.has('topic');
    return [...this.#partitions.values()].filter(isBlocked).length;
  }

  [Symbol.dispose](): void {
    this.#health.remove(this.#component);
  }

  get #component(): string {
    return `kafka.${this.#cluster}`;
  }

  #replace(partition: number, troubles: Map<Trouble, string>): void {
    if (troubles.size > 0) this.#partitions.set(partition, troubles);
    else this.#partitions.delete(partition);
    this.#say();
  }

  #say(): void {
    // Partitions in the same trouble are told of once.
    const byReason = new Map<string, number[]>();
    for (const [partition, troubles] of this.#partitions) {
      for (const reason of troubles.values()) {
        byReason.set(reason, [...(byReason.get(reason) ?? []), partition]);
      }
    }
    const reasons = [...byReason].map(
      ([reason, partitions]) => `partition ${partitions.join(', ')}: ${reason}`,
    );
    if (this.#ofCluster !== null) reasons.push(this.#ofCluster);
    this.#health.set(this.#component, reasons.length === 0, reasons.join('; '));
  }
}
