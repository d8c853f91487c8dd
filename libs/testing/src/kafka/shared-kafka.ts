import { startKafka } from './kafka-server.ts';

/** Where the test runner says which Kafka it started for the whole run: `host:port`, comma separated. */
export const SHARED_KAFKA_VARIABLE = 'TRIBUTARY_TEST_KAFKA';

let own: Promise<string[]> | undefined;

/**
 * The brokers of a Kafka that tests share: the test runner's, or one that is started for this file and dies with its
 * process. Topics, groups and transactional ids need names of their own (`uniqueName`), and nobody may stop it.
 */
export function sharedKafka(): Promise<string[]> {
  const given = process.env[SHARED_KAFKA_VARIABLE];
  if (given) return Promise.resolve(given.split(','));
  own ??= startKafka().then((server) => server.brokers);
  return own;
}
