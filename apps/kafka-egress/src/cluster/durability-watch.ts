import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaDriverError, type KafkaAdmin } from '@tributary/kafka';

export interface DurabilityWatchOptions {
  readonly admin: Pick<KafkaAdmin, 'durability'>;
  /** Topics that must survive the loss of a broker, as of now. */
  topics(): readonly string[];
  readonly signal: AbortSignal;
  /** Called after each look: what is wrong with which topic and what to do, or null. */
  onLook(finding: string | null): void;
}

const LEAST_IN_SYNC = 2;
const LOOK_AGAIN_MS = 60_000;
/** While something is wrong, or could not be looked at: a topic may not be there yet, and Kafka may be away. */
const LOOK_SOON_MS = 5_000;

/**
 * With acks=all Kafka answers once `min.insync.replicas` have a record. With one, what was answered for is lost with one disk; so in
 * production every topic that is produced to needs two. Runs until `signal`.
 */
export async function watchDurability({
  admin,
  topics,
  signal,
  onLook,
}: DurabilityWatchOptions): Promise<void> {
  while (!signal.aborted) {
    let unseen = 0;
    const weak: string[] = [];
    for (const topic of topics()) {
      try {
        const { minInSyncReplicas } = await admin.durability(topic);
        if (minInSyncReplicas < LEAST_IN_SYNC) weak.push(describe(topic, minInSyncReplicas));
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof KafkaDriverError)) throw error;
        unseen++;
      }
    }
    onLook(weak.length > 0 ? weak.join('; ') : null);
    const pauseMs = weak.length + unseen > 0 ? LOOK_SOON_MS : LOOK_AGAIN_MS;
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}

function describe(topic: string, value: number): string {
  return (
    `topic "${topic}" has min.insync.replicas=${value}, and deployment.profile production needs ${LEAST_IN_SYNC}: run ` +
    `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config min.insync.replicas=${LEAST_IN_SYNC}`
  );
}
