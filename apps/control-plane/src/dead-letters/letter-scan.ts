import { AckPolicy, DeliverPolicy, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { openDeadLetterHeaders, streamNames, subjects, type DeadLetterHeaders } from '@tributary/contracts';

/** Which letters of a cluster; null: any. */
export interface LetterFilter {
  readonly route: string | null;
  readonly code: string | null;
  readonly partition: number | null;
}

/** A letter without its message. */
export interface LetterSummary extends DeadLetterHeaders {
  /** In the stream of dead letters. */
  readonly sequence: number;
  readonly subject: string;
  readonly storedAtMs: number;
}

/** What one look at the letters found. */
export interface ScanPage {
  readonly letters: readonly LetterSummary[];
  /** Sequence of the last letter that was looked at; 0 if none is left behind it. */
  readonly nextAfter: number;
}

/** Letters looked at by one call, whether they fit or not. */
export const SCAN_LIMIT = 10_000;
const FETCH_MESSAGES = 500;
const FETCH_MS = 2_000;
/** A consumer that was not deleted is forgotten by the server after this long. */
const INACTIVE_MS = 10_000;
const NANOS_PER_MS = 1_000_000;

/**
 * Looks through the letters of a cluster in the order they were stored, without their messages. Letters that are stored
 * meanwhile are not looked at: a replay that ends in letters again does not find those.
 * @param after only letters behind this sequence
 * @param limit most letters of the result
 */
export async function scanLetters(
  { js, manager }: { readonly js: JetStreamClient; readonly manager: JetStreamManager },
  cluster: string,
  filter: LetterFilter,
  after: number,
  limit: number,
): Promise<ScanPage> {
  const stream = streamNames.deadLetters(cluster);
  const { name, num_pending } = await manager.consumers.add(stream, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
    ack_policy: AckPolicy.None,
    filter_subjects: subjectsOf(cluster, filter),
    headers_only: true,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: INACTIVE_MS * NANOS_PER_MS,
  });
  try {
    const consumer = await js.consumers.get(stream, name);
    const letters: LetterSummary[] = [];
    let left = Math.min(num_pending, SCAN_LIMIT);
    let lookedAt = 0;
    let last = 0;
    while (left > 0) {
      const batch = await consumer.fetch({ max_messages: Math.min(left, FETCH_MESSAGES), expires: FETCH_MS });
      const before = lookedAt;
      for await (const { seq, subject, headers, timestampNanos } of batch) {
        if (letters.length === limit) continue;
        lookedAt++;
        last = seq;
        const storedAtMs = Number(timestampNanos / BigInt(NANOS_PER_MS));
        const about = openDeadLetterHeaders((header) => headers?.get(header) ?? '', storedAtMs);
        if (filter.code === null || about.code === filter.code) {
          letters.push({ ...about, sequence: seq, subject, storedAtMs });
        }
      }
      // Fewer than there were: somebody removes letters at the same time.
      if (letters.length === limit || lookedAt === before) break;
      left -= lookedAt - before;
    }
    return { letters, nextAfter: lookedAt < num_pending ? last : 0 };
  } finally {
    manager.consumers.delete(stream, name).catch(() => undefined);
  }
}

/** Where a letter is from, as its subject says. */
export interface LetterPlace {
  readonly partition: number;
  readonly logSequence: number;
  readonly row: number;
  readonly route: string;
}

export function placeOf(subject: string): LetterPlace {
  const [, , , , partition, logSequence, row, route = ''] = subject.split('.');
  return { partition: Number(partition), logSequence: Number(logSequence), row: Number(row), route };
}

/** An id may go on behind the route. */
function subjectsOf(cluster: string, { route, partition }: LetterFilter): string[] {
  if (route === null) return [subjects.deadLettersOf(cluster, partition)];
  const ofRoute = `${subjects.deadLettersOf(cluster, partition).slice(0, -1)}*.*.${route}`;
  return [ofRoute, `${ofRoute}.>`];
}
