import { LogError } from '@tributary/log';
import { HaltError } from '../errors.ts';
import { comparePositions, type EgressPosition, type OutPlace } from './position.ts';

/** The ends of an OUT stream: what its first and its last message say about themselves. */
export interface OutEnds {
  /** Incarnation of the OUT stream. */
  readonly incarnation: string;
  /** Incarnation of the log partition that OUT is made from. */
  readonly log: string;
  /** Sequence of the first message kept; 1 if nothing was ever removed. */
  readonly firstSequence: number;
  /** Null while OUT is empty. */
  readonly first: OutPlace | null;
  readonly last: OutPlace | null;
}

/**
 * OUT around the moment in which the position was read: its beginning as of before, so that it is not ahead of a position
 * that another owner has committed and trimmed OUT up to since, and its end as of after.
 *
 * @throws LogError 'unreachable' if it was created anew in between: the position is read again, and tells
 */
export function seenAround(before: OutEnds, after: OutEnds): OutEnds {
  if (before.incarnation !== after.incarnation)
    throw new LogError('unreachable', 'OUT was created anew while its position was being read');
  return { ...after, firstSequence: before.firstSequence, first: before.first };
}

/**
 * Where to go on: everything up to the result is skipped. Null: begin with the first message of OUT.
 *
 * @param found what Kafka holds for this partition, one for each former owner
 * @throws HaltError wherever going on could lose records or repeat more than the last batch
 */
export function resumeAt(
  found: readonly EgressPosition[],
  out: OutEnds,
  where: string,
): EgressPosition | null {
  const own = found.filter(({ incarnation, out: of }) => incarnation === out.log && of === out.incarnation);
  const greatest = own.reduce<EgressPosition | null>(
    (best, position) => (best === null || comparePositions(position, best) > 0 ? position : best),
    null,
  );
  if (greatest !== null) return verified(greatest, out, where);
  const foreign = found[0];
  if (foreign !== undefined) throw unknownIncarnation(foreign, out, where);
  if (out.firstSequence > 1) {
    throw new HaltError(
      'position-missing',
      `Kafka holds no position for ${where}, but OUT was trimmed up to message ${out.firstSequence - 1} by an egress that had one: ` +
        'this is another Kafka, or its positions topic is gone',
    );
  }
  return null;
}

function verified(position: EgressPosition, out: OutEnds, where: string): EgressPosition {
  const at = nameOf(position);
  if (out.last === null || comparePositions(position, out.last) > 0) {
    const end = out.last === null ? 'is empty' : `ends at ${nameOf(out.last)}`;
    throw new HaltError(
      'position-beyond',
      `Kafka has ${where} up to ${at}, but OUT ${end}: OUT lost its end, perhaps it was restored from a backup`,
    );
  }
  // The trim keeps the message of the committed position, so OUT can never begin behind it.
  if (out.first !== null && comparePositions(position, out.first) < 0) {
    throw new HaltError(
      'position-gap',
      `Kafka has ${where} up to ${at}, but OUT begins at ${nameOf(out.first)}: ` +
        'messages between them were removed before they were committed',
    );
  }
  return position;
}

function nameOf({ sequence, replay, part }: OutPlace): string {
  return `log sequence ${sequence}, ${replay ? `replay ${replay}, ` : ''}part ${part}`;
}

function unknownIncarnation(foreign: EgressPosition, out: OutEnds, where: string): HaltError {
  const [what, theirs, ours] =
    foreign.incarnation === out.log
      ? ['OUT stream', foreign.out, out.incarnation]
      : ['log', foreign.incarnation, out.log];
  return new HaltError(
    'incarnation-unknown',
    `the position of ${where} in Kafka is of ${what} ${theirs}, but this is ${ours}: ` +
      'it was created anew, or another platform uses the same positions topic',
  );
}
