import { until } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import { metricsOf } from '../platform/metrics.ts';
import type { Scene } from '../scene.ts';

/** What Kafka takes at most in this row's topics, and what is too much for it, in bytes. */
const LIMIT = 128 * 1024;
const TOO_LARGE = 192 * 1024;
const POISONED = 12;

/** Records that Kafka refuses for ever, in the middle of batches of good ones of the same keys. */
export const poisonRecord: Fault = {
  name: 'poison-record',
  title: `${POISONED} records that are too large for Kafka in the middle of batches`,
  profile: 'single',
  // Which of its companions were stored is not known when a send is refused.
  repeats: true,
  topicSettings: { 'max.message.bytes': String(LIMIT) },
  inject: async (scene) => {
    const before = await deadLetters(scene);
    const payload = `poison ${'x'.repeat(TOO_LARGE)}`;
    const sent: Promise<unknown>[] = [];
    for (let n = 0; n < POISONED; n++) {
      const device = scene.random.pick(scene.fleet.devices);
      await scene.strike(() => {
        sent.push(device.publishBeside(`faults/${scene.row}/${device.name}`, payload));
      });
    }
    await Promise.all(sent);
    const found = await until(
      async () => {
        const count = (await deadLetters(scene)) - before;
        return count >= POISONED && count;
      },
      { timeoutMs: 60_000, what: `${POISONED} dead letters are stored` },
    );
    return [`${POISONED} sent to topics that take ${LIMIT / 1024} KiB, ${found} dead letters stored`];
  },
};

async function deadLetters({ platform: { services } }: Scene): Promise<number> {
  const counts = await Promise.all(services.of('kafka-egress').map((name) => metricsOf(services.get(name))));
  return counts.reduce((sum, count) => sum + (count?.get('tributary_egress_dead_letters_total') ?? 0), 0);
}
