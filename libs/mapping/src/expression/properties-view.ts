/** The properties of a PUBLISH as a decoder gives them; `undefined` or absent if the message lacks one. */
export interface MessageProperties {
  readonly payloadFormat?: 0 | 1 | undefined;
  /** Seconds. */
  readonly messageExpiry?: number | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
  /** In the order of the packet; names may repeat [MQTT-3.3.2-18]. */
  readonly userProperties: readonly (readonly [name: string, value: string])[];
}

/** `properties` in an expression: the same with the types of CEL, whose integers are bigints. */
export class PropertiesView {
  readonly #properties: MessageProperties;

  constructor(properties: MessageProperties) {
    this.#properties = properties;
  }

  get contentType(): string | undefined {
    return this.#properties.contentType;
  }

  get responseTopic(): string | undefined {
    return this.#properties.responseTopic;
  }

  get correlationData(): Uint8Array | undefined {
    return this.#properties.correlationData;
  }

  get messageExpiry(): bigint | undefined {
    const { messageExpiry } = this.#properties;
    return messageExpiry === undefined ? undefined : BigInt(messageExpiry);
  }

  get payloadFormat(): bigint | undefined {
    const { payloadFormat } = this.#properties;
    return payloadFormat === undefined ? undefined : BigInt(payloadFormat);
  }

  /** A name that repeats has its last value, as with Kafka's `lastHeader`. */
  get user(): Map<string, string> {
    return new Map(this.#properties.userProperties);
  }
}
