/** Aliases of one connection at most, whatever its client takes: each holds a topic. */
const MOST_ALIASES = 16;
/** An alias takes three bytes the first time; a topic no longer than this is as short without. */
const SHORT_TOPIC_LENGTH = 3;

export interface AliasUse {
  /** 1 to the client's Topic Alias Maximum. */
  readonly alias: number;
  /** The client has been told what it stands for, so the topic may stay away (3.3.2.3.4). */
  readonly known: boolean;
}

/** Topic aliases that we give to one client; the one that was used least recently makes room. */
export class OutboundAliases {
  readonly #maximum: number;
  /** In the order of their last use. */
  readonly #aliases = new Map<string, number>();

  /** @param maximum the client's Topic Alias Maximum [MQTT-3.1.2-26] */
  constructor(maximum: number) {
    this.#maximum = Math.min(maximum, MOST_ALIASES);
  }

  /** The alias to send a PUBLISH of `topic` with; null: none. What it says must be sent. */
  use(topic: string): AliasUse | null {
    if (this.#maximum === 0 || topic.length <= SHORT_TOPIC_LENGTH) return null;
    const given = this.#aliases.get(topic);
    const alias = given ?? this.#free();
    if (given !== undefined) this.#aliases.delete(topic);
    this.#aliases.set(topic, alias);
    return { alias, known: given !== undefined };
  }

  #free(): number {
    if (this.#aliases.size < this.#maximum) return this.#aliases.size + 1;
    const [oldest] = this.#aliases;
    if (oldest === undefined) return 1;
    this.#aliases.delete(oldest[0]);
    return oldest[1];
  }
}
