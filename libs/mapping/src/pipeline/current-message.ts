import type { MessageProperties } from '../expression/properties-view.ts';
import type { MappedMessage } from './mapped-message.ts';
import { MappingFailure } from '../mapping-failure.ts';
import { parseJson } from './parse-json.ts';

/** Decodes a property block. May throw; the message then fails with 'properties-invalid'. */
export type DecodeProperties = (block: Uint8Array) => MessageProperties;

const utf8 = new TextDecoder('utf-8', { fatal: true });
const NO_PROPERTIES: MessageProperties = { userProperties: [] };

const NOTHING: MappedMessage = {
  topic: '',
  payload: new Uint8Array(0),
  qos: 0,
  retain: false,
  clientId: '',
  clientIdBytes: new Uint8Array(0),
  receivedMs: 0,
  properties: new Uint8Array(0),
  trace: new Uint8Array(0),
};

/** The message that is being mapped, with everything that must be decoded at most once for all its routes. */
export class CurrentMessage {
  readonly #decodeProperties: DecodeProperties;
  #message = NOTHING;
  readonly #text = new Once<string>();
  readonly #payload = new Once<unknown>();
  readonly #properties = new Once<MessageProperties>();

  constructor(decodeProperties: DecodeProperties) {
    this.#decodeProperties = decodeProperties;
  }

  get message(): MappedMessage {
    return this.#message;
  }

  begin(message: MappedMessage): void {
    this.#message = message;
    this.#text.forget();
    this.#payload.forget();
    this.#properties.forget();
  }

  /** Lets go of the message: its slices would hold on to the envelope they are part of. */
  end(): void {
    this.begin(NOTHING);
  }

  /** @throws MappingFailure 'payload-not-utf8' */
  payloadText(): string {
    return this.#text.get(() => {
      try {
        return utf8.decode(this.#message.payload);
      } catch (cause) {
        throw new MappingFailure('payload-not-utf8', 'the payload is not UTF-8', { cause });
      }
    });
  }

  /** @throws MappingFailure 'payload-not-json' or 'payload-not-utf8' */
  payload(): unknown {
    return this.#payload.get(() => {
      const text = this.payloadText();
      try {
        return parseJson(text);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new MappingFailure('payload-not-json', `the payload is not JSON: ${reason}`, { cause });
      }
    });
  }

  /** @throws MappingFailure 'properties-invalid' */
  properties(): MessageProperties {
    return this.#properties.get(() => {
      const block = this.#message.properties;
      if (block.length === 0) return NO_PROPERTIES;
      try {
        return this.#decodeProperties(block);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new MappingFailure('properties-invalid', `the properties cannot be read: ${reason}`, { cause });
      }
    });
  }
}

/** A value, or the failure to make it, that is made on first use. */
class Once<T> {
  #state: { readonly value: T } | MappingFailure | null = null;

  forget(): void {
    this.#state = null;
  }

  get(make: () => T): T {
    if (this.#state === null) {
      try {
        this.#state = { value: make() };
      } catch (error) {
        if (!(error instanceof MappingFailure)) throw error;
        this.#state = error;
      }
    }
    if (this.#state instanceof MappingFailure) throw this.#state;
    return this.#state.value;
  }
}
