import { KafkaDriverError } from '@tributary/kafka';
import type { Outgoing } from './outgoing.ts';
import type { ProducerSlot } from './producer-slot.ts';
import { outcomesOf, type SendOutcome } from './send-outcome.ts';

/** A producer that one partition has to itself: what fails here concerns nobody else. */
export class OwnProducer implements AsyncDisposable {
  readonly #slot: ProducerSlot;

  constructor(slot: ProducerSlot) {
    this.#slot = slot;
  }

  /** One try. @throws StoppedError */
  async send(records: readonly Outgoing[]): Promise<SendOutcome> {
    await this.#slot.connect();
    try {
      await this.#slot.send(records);
      return { kind: 'stored' };
    } catch (error) {
      if (!(error instanceof KafkaDriverError)) throw error;
      return outcomesOf([records], error)[0] ?? { kind: 'stored' };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#slot[Symbol.asyncDispose]();
  }
}
