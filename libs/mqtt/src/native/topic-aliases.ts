/** What a client's topic aliases stand for, until its connection ends [MQTT-3.3.2-7]. */
export class TopicAliases {
  readonly #topics: (string | undefined)[];

  /** @param maximum the Topic Alias Maximum that the client was told */
  constructor(maximum: number) {
    this.#topics = new Array<string | undefined>(maximum + 1);
  }

  /**
   * The topic of a PUBLISH that carries `alias` (1 to the maximum). One with a topic gives the alias this meaning [MQTT-3.3.2-12].
   * @returns null if the alias has none yet
   */
  resolve(alias: number, topic: string): string | null {
    if (topic === '') return this.#topics[alias] ?? null;
    this.#topics[alias] = topic;
    return topic;
  }
}
