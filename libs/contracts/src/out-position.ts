import { ContractError } from './errors.ts';

/**
 * What a message of OUT says about itself in its NATS headers. The output is the checkpoint: the last message
 * of an OUT stream tells a new owner where to go on.
 *
 * A message with data is one record batch. A message without data (part 1 of 1) is progress: its range was
 * mapped and gave nothing. A batch made from a dead letter covers nothing of the log: its range is empty, `from` being
 * one above `sequence`, which stays what the batch before it covered.
 *
 * Messages are in the order of (`sequence`, `replay.count`, `part`).
 */
export interface OutPosition {
  /** Incarnation of the log partition's stream. */
  incarnation: string;
  /** First log sequence this batch was made from. */
  from: number;
  /** Last log sequence fully covered once part `parts` is stored. */
  sequence: number;
  /** This message is part k ... */
  part: number;
  /** ... of n made from the same range with the same mapping version. */
  parts: number;
  /** Mapping version the range was mapped with. */
  mapping: number;
  /** Lease epoch of the writer. */
  epoch: number;
  /** How far replays have come, this message included; absent before the first of this OUT. */
  replay?: ReplayMark;
  /** The dead letter that this batch was made from; absent where it was made from the log. */
  letter?: ReplayedLetter;
}

/** The checkpoint of OUT's second input, the requests to replay dead letters (ADR 14). */
export interface ReplayMark {
  /** Batches in OUT that were made from dead letters, from its first message on. */
  count: number;
  /** Sequence of the last request that is done, */
  request: number;
  /** and incarnation of the stream of requests: a stream created anew counts from 1 again. */
  requests: string;
}

/** What the letters that a replay may end in have to know of the one it began with. */
export interface ReplayedLetter {
  /** Sequence in the stream of dead letters. */
  sequence: number;
  /** How often its message was tried before this time. */
  attempts: number;
  /** When the first letter of its message was made, milliseconds since the epoch. */
  firstSeenMs: number;
}

/** True for a batch that was made from a dead letter. */
export function isReplay({ from, sequence }: Pick<OutPosition, 'from' | 'sequence'>): boolean {
  return from > sequence;
}

/** Header names of OUT messages. */
export const OutHeader = {
  incarnation: 'Trib-Log',
  range: 'Trib-Range',
  part: 'Trib-Part',
  mapping: 'Trib-Mapping',
  epoch: 'Trib-Epoch',
  /** Only once there was a replay. */
  replay: 'Trib-Replay',
  /** Only of a batch made from a dead letter. */
  letter: 'Trib-Letter',
} as const;

export function outHeaders(position: OutPosition): [name: string, value: string][] {
  const { replay, letter } = position;
  const headers: [name: string, value: string][] = [
    [OutHeader.incarnation, position.incarnation],
    [OutHeader.range, `${position.from}-${position.sequence}`],
    [OutHeader.part, `${position.part}/${position.parts}`],
    [OutHeader.mapping, String(position.mapping)],
    [OutHeader.epoch, String(position.epoch)],
  ];
  if (replay) headers.push([OutHeader.replay, `${replay.count}/${replay.request}/${replay.requests}`]);
  if (letter) headers.push([OutHeader.letter, `${letter.sequence}/${letter.attempts}/${letter.firstSeenMs}`]);
  return headers;
}

/** @throws ContractError 'position-invalid' if a header is missing or malformed. */
export function parseOutHeaders(get: (name: string) => string): OutPosition {
  const incarnation = get(OutHeader.incarnation);
  if (!incarnation) throw new ContractError('position-invalid', `header ${OutHeader.incarnation} is missing`);
  const [from, sequence] = pair(OutHeader.range, get(OutHeader.range), '-');
  const [part, parts] = pair(OutHeader.part, get(OutHeader.part), '/');
  return {
    incarnation,
    from,
    sequence,
    part,
    parts,
    mapping: integer(OutHeader.mapping, get(OutHeader.mapping)),
    epoch: integer(OutHeader.epoch, get(OutHeader.epoch)),
    ...replayMark(get(OutHeader.replay)),
    ...replayedLetter(get(OutHeader.letter)),
  };
}

function replayMark(value: string): { replay?: ReplayMark } {
  if (!value) return {};
  const [count = '', request = '', requests = '', ...rest] = value.split('/');
  if (rest.length > 0 || requests === '') throw malformed(OutHeader.replay, value);
  const replay = {
    count: integer(OutHeader.replay, count),
    request: integer(OutHeader.replay, request),
    requests,
  };
  return { replay };
}

function replayedLetter(value: string): { letter?: ReplayedLetter } {
  if (!value) return {};
  const [sequence = '', attempts = '', firstSeenMs = '', ...rest] = value.split('/');
  if (rest.length > 0) throw malformed(OutHeader.letter, value);
  const letter = {
    sequence: integer(OutHeader.letter, sequence),
    attempts: integer(OutHeader.letter, attempts),
    firstSeenMs: integer(OutHeader.letter, firstSeenMs),
  };
  return { letter };
}

function pair(header: string, value: string, separator: string): [number, number] {
  const [first = '', second = '', ...rest] = value.split(separator);
  if (rest.length > 0) throw malformed(header, value);
  return [integer(header, first), integer(header, second)];
}

function integer(header: string, text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw malformed(header, text);
  return Number(text);
}

function malformed(header: string, value: string): ContractError {
  return new ContractError('position-invalid', `header ${header} is malformed: "${value}"`);
}
