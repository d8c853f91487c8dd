import type { produceV9 } from '@platformatic/kafka';
import { brokerError, KafkaDriverError, KafkaErrorCode } from '../errors.ts';
import { answerOf } from '../wire/wire-errors.ts';
import type { Lane } from './lane.ts';

/** What came of one try for one lane. */
export type Verdict =
  | { readonly kind: 'stored'; readonly firstOffset: bigint }
  /** Not known to be stored; the same bytes are to be sent again. */
  | { readonly kind: 'again'; readonly error: KafkaDriverError }
  /** Too large, or with a record at fault that the broker does not name, and more than one record. */
  | { readonly kind: 'divide' }
  | { readonly kind: 'refused'; readonly error: KafkaDriverError };

const MESSAGE_TOO_LARGE = 10;
const RECORD_LIST_TOO_LARGE = 18;

/**
 * Answers for a partition after which the same batch with the same sequence numbers is sent again. Others that are retryable
 * (lost producer state, fencing, lost rights) take a new producer or somebody's help.
 */
const AGAIN: ReadonlySet<number> = new Set([2, 3, 5, 6, 7, 8, 9, 13, 19, 20, 56, 74, 75, 77, 89]);

/** Failures of a whole request after which it is sent again: nobody knows whether the broker has it. */
const UNANSWERED: ReadonlySet<string> = new Set([KafkaErrorCode.connection, KafkaErrorCode.requestTimeout]);

/** Reads the answer to a produce request, or the failure to get one, for each lane. */
export function judge(lanes: readonly Lane[], outcome: unknown): Verdict[] {
  let answer = outcome;
  if (outcome instanceof KafkaDriverError) {
    answer = answerOf(outcome.cause);
    if (answer === undefined) {
      const kind = UNANSWERED.has(outcome.code) ? 'again' : 'refused';
      return lanes.map(() => ({ kind, error: outcome }));
    }
  } else if (outcome instanceof Error) throw outcome;
  const { responses } = answer as produceV9.ProduceResponse;
  return lanes.map((lane) => {
    const { topic, partition } = lane.batch;
    const response = responses
      .find(({ name }) => name === topic)
      ?.partitionResponses.find(({ index }) => index === partition);
    return response === undefined ? unanswered(topic, partition) : verdictOn(lane, response);
  });
}

function verdictOn(lane: Lane, response: produceV9.ProduceResponsePartition): Verdict {
  const { errorCode, baseOffset, recordErrors, errorMessage } = response;
  if (errorCode === 0) return { kind: 'stored', firstOffset: baseOffset };
  const { topic, partition, indexes } = lane.batch;
  const { records, at } = lane.head!;
  const tooLarge = errorCode === MESSAGE_TOO_LARGE || errorCode === RECORD_LIST_TOO_LARGE;
  const culprit = recordErrors[0];
  const inPiece = culprit?.batchIndex ?? (records.length === 1 ? 0 : undefined);
  const error = brokerError(errorCode, {
    topic,
    partition,
    detail: culprit?.batchIndexErrorMessage ?? errorMessage ?? undefined,
    recordIndex: inPiece === undefined ? undefined : indexes[at + inPiece],
  });
  if (records.length > 1 && (tooLarge || (error.recordFault && inPiece === undefined)))
    return { kind: 'divide' };
  return { kind: AGAIN.has(errorCode) ? 'again' : 'refused', error };
}

function unanswered(topic: string, partition: number): Verdict {
  const error = new KafkaDriverError(`The answer leaves out ${topic}/${partition}`, {
    code: KafkaErrorCode.offsetMissing,
    retryable: true,
    topic,
    partition,
  });
  return { kind: 'refused', error };
}
