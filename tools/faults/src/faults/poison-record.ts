import { until } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import { DELIVERIES } from '../platform/deliveries.ts';
import { metricsOf } from '../platform/metrics.ts';
import { LARGEST_RECORD_BYTES } from '../platform/servers.ts';
import type { Scene } from '../scene.ts';

const TOO_LARGE = LARGEST_RECORD_BYTES * 1.25;
const POISONED = 12;
const LETTERS = POISONED * DELIVERIES.length;

/** Records that Kafka refuses for ever, in the middle of batches of good ones of the same keys. */
export const poisonRecord: Fault = {
  name: 'poison-record',
  title: `${POISONED} records that are too large for Kafka in the middle of batches`,
  profile: 'single',
  // Which of its companions were stored is not known when a send is refused.
  repeats: true,
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
        return count >= LETTERS && count;
      },
      { timeoutMs: 60_000, what: `${LETTERS} dead letters are stored` },
    );
    return [
      `${POISONED} sent to a Kafka that takes ${LARGEST_RECORD_BYTES / 1024} KiB, ${found} dead letters stored`,
    ];
  },
};

async function deadLetters({ platform: { services } }: Scene): Promise<number> {
  const counts = await Promise.all(services.of('kafka-egress').map((name) => metricsOf(services.get(name))));
  return counts.reduce((sum, count) => sum + (count?.get('tributary_egress_dead_letters_total') ?? 0), 0);
}
