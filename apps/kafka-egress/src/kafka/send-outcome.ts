import type { KafkaDriverError, OffsetRange } from '@tributary/kafka';
import type { Outgoing } from './outgoing.ts';

/** What one try did for those records of a send that are one partition's. `left` is in order and not known to be stored. */
export type SendOutcome =
  | { readonly kind: 'stored' }
  /** Nothing is held against them: they may be sent again at once. */
  | { readonly kind: 'again'; readonly left: readonly Outgoing[] }
  /** A record of the send is at fault, and it may be one of these or another partition's: only a send apart will tell. */
  | { readonly kind: 'suspected'; readonly left: readonly Outgoing[] }
  /** A topic or a record of these is at fault; `culprit` if it is known which record. */
  | {
      readonly kind: 'fault';
      readonly left: readonly Outgoing[];
      readonly error: KafkaDriverError;
      readonly culprit: Outgoing | undefined;
    };

/**
 * What a failed send did for each partition that took part.
 *
 * @param shares the records of each, in the order in which they were sent together
 */
export function outcomesOf(shares: readonly (readonly Outgoing[])[], error: KafkaDriverError): SendOutcome[] {
  const left = leftOf(shares, error.stored);
  const culprit =
    error.recordFault && error.recordIndex !== undefined ? find(shares, error.recordIndex) : undefined;
  const accused = left.map((records) => concerns(records, error, culprit));
  // Nobody has what the error names: it is taken as said of all.
  if (!accused.includes(true)) left.forEach((records, at) => (accused[at] = records.length > 0));
  const alone = accused.filter(Boolean).length === 1;
  const held = error.recordFault || error.topicFault;
  // What cannot succeed, for a reason nobody knows, must not keep those from succeeding who have nothing to do with it.
  const isOdd = !held && !error.retryable && shares.length > 1;
  return left.map((records, at): SendOutcome => {
    if (records.length === 0) return { kind: 'stored' };
    if (isOdd) return { kind: 'suspected', left: records };
    if (!held || !accused[at]) return { kind: 'again', left: records };
    const isCertain = alone || (error.topicFault && error.topic !== undefined);
    return isCertain
      ? { kind: 'fault', left: records, error, culprit }
      : { kind: 'suspected', left: records };
  });
}

/** True for a record that is where the error says, as far as it says. */
export function isAt(record: Outgoing, { topic, partition }: KafkaDriverError): boolean {
  return (
    (topic === undefined || record.topic === topic) &&
    (partition === undefined || record.partition === partition)
  );
}

function concerns(
  left: readonly Outgoing[],
  error: KafkaDriverError,
  culprit: Outgoing | undefined,
): boolean {
  if (culprit !== undefined) return left.includes(culprit);
  if (error.topicFault) return left.some(({ topic }) => error.topic === undefined || topic === error.topic);
  return left.some((record) => isAt(record, error));
}

function find(shares: readonly (readonly Outgoing[])[], index: number): Outgoing | undefined {
  let at = index;
  for (const share of shares) {
    if (at < share.length) return share[at];
    at -= share.length;
  }
  return undefined;
}

/** What is left of each share once the first records of each place are known to be stored. */
function leftOf(
  shares: readonly (readonly Outgoing[])[],
  stored: readonly OffsetRange[],
): (readonly Outgoing[])[] {
  if (stored.length === 0) return [...shares];
  const counts = new Map<string, number>();
  for (const { topic, partition, firstOffset, lastOffset } of stored) {
    const place = `${topic}/${partition}`;
    counts.set(place, (counts.get(place) ?? 0) + Number(lastOffset - firstOffset) + 1);
  }
  return shares.map((share) =>
    share.filter(({ topic, partition }) => {
      const place = `${topic}/${partition}`;
      const count = counts.get(place) ?? 0;
      if (count > 0) counts.set(place, count - 1);
      return count === 0;
    }),
  );
}
