import type { ProducerDriverOptions } from './driver-options.ts';
import { KafkaDriverError, KafkaErrorCode } from './errors.ts';
import { GuardedDriver } from './guarded-driver.ts';
import { KafkajsTransport } from './kafkajs/kafkajs-transport.ts';
import { PlatformaticTransport } from './platformatic/platformatic-transport.ts';
import type { ProducerDriver } from './producer-driver.ts';

/** A driver, not yet connected. Throws a `KafkaDriverError` if the options ask for what the driver does not have. */
export function createProducerDriver(options: ProducerDriverOptions): ProducerDriver {
  if (options.driver === 'kafkajs' && options.transaction !== undefined) {
    throw new KafkaDriverError('The kafkajs driver has no transactions: use platformatic', {
      code: KafkaErrorCode.unsupported,
    });
  }
  const transport =
    options.driver === 'kafkajs' ? new KafkajsTransport(options) : new PlatformaticTransport(options);
  return new GuardedDriver(transport, options);
}
