import { kafkaAnswers, natsInfo } from '@tributary/testing';
import { DevError } from '../errors.ts';

const NATS_FLOOR: readonly [number, number] = [2, 12];

/** Errors: `unusable-server`, if the NATS that the user names is not there, too old or without JetStream. */
export async function requireNats(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const info = await natsInfo(hostname, Number(port || 4222)).catch((cause: unknown) => {
    throw new DevError('unusable-server', `NATS at ${url} does not answer: ${messageOf(cause)}`, { cause });
  });
  const [major = 0, minor = 0] = info.version.split('.').map(Number);
  if (major < NATS_FLOOR[0] || (major === NATS_FLOOR[0] && minor < NATS_FLOOR[1])) {
    throw new DevError(
      'unusable-server',
      `NATS at ${url} is version ${info.version}; ${NATS_FLOOR.join('.')} or newer is needed`,
    );
  }
  if (info.jetstream !== true)
    throw new DevError('unusable-server', `NATS at ${url} runs without JetStream (start it with -js)`);
}

/** Errors: `unusable-server`, if none of the brokers (host:port, comma separated) that the user names answers. */
export async function requireKafka(brokers: string): Promise<void> {
  const asked = await Promise.allSettled(
    brokers.split(',').map((broker) => {
      const colon = broker.lastIndexOf(':');
      return kafkaAnswers(broker.slice(0, colon), Number(broker.slice(colon + 1)));
    }),
  );
  if (asked.some(({ status }) => status === 'fulfilled')) return;
  const reasons = asked.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
  throw new DevError('unusable-server', `no broker of ${brokers} answers: ${reasons.join('; ')}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
