import { ContractError } from './errors.ts';

/**
 * What a message of OUT says about itself in its NATS headers. The output is the checkpoint: the last message
 * of an OUT stream tells a new owner where to go on.
 *
 * A message with data is one record batch. A message without data (part 1 of 1) is progress: its range was
 * mapped and gave nothing.
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
}

/** Header names of OUT messages. */
export const OutHeader = {
  incarnation: 'Trib-Log',
  range: 'Trib-Range',
  part: 'Trib-Part',
  mapping: 'Trib-Mapping',
  epoch: 'Trib-Epoch',
} as const;

export function outHeaders(position: OutPosition): [name: string, value: string][] {
  return [
    [OutHeader.incarnation, position.incarnation],
    [OutHeader.range, `${position.from}-${position.sequence}`],
    [OutHeader.part, `${position.part}/${position.parts}`],
    [OutHeader.mapping, String(position.mapping)],
    [OutHeader.epoch, String(position.epoch)],
  ];
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
  };
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
