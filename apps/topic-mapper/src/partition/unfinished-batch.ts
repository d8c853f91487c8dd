import { streamNames, type OutPosition } from '@tributary/contracts';
import { StreamReader } from '@tributary/log';
import { EnvelopeMapper, type ClusterPlan } from '../batch/envelope-mapper.ts';
import type { Part } from '../batch/part-cutter.ts';
import { HaltError } from '../errors.ts';
import { LetterMapper } from '../replay/letter-mapper.ts';
import { LetterShelf } from '../replay/letter-shelf.ts';
import type { Batch } from './batch-writer.ts';
import type { MapperContext } from './partition-context.ts';

export interface Unfinished {
  readonly cluster: string;
  readonly partition: number;
  /** What the last message of OUT says, */
  readonly position: OutPosition;
  /** and what it holds. */
  readonly data: Uint8Array;
}

const TAKE_BYTES = 1024 * 1024;

/**
 * Makes a batch again of which OUT has the first parts only: the same range of the log, the same mapping version.
 * The last part that OUT has proves that it is the same batch.
 * @throws HaltError 'not-reproducible', 'mapping-missing', 'mapping-invalid'
 */
export async function remakeBatch(
  unfinished: Unfinished,
  context: MapperContext,
  maxRowBytes: number,
  signal: AbortSignal,
): Promise<Batch> {
  const { position, partition } = unfinished;
  const { from, sequence, mapping } = position;
  const plan = await planOf(unfinished, context, signal);
  const mapper = new EnvelopeMapper(maxRowBytes);
  using reader = await StreamReader.open(context.nats, {
    stream: streamNames.log(context.topology.generation, partition),
    from,
    incarnation: position.incarnation,
    signal,
    bufferBytes: context.config['mapper.bufferBytes'],
  });
  let next = from;
  while (next <= sequence) {
    const messages = await reader.take(TAKE_BYTES);
    signal.throwIfAborted();
    for (const message of messages) {
      if (message.sequence > sequence) break;
      if (mapper.map(message, plan) !== null) throw notReproducible(unfinished, `message ${next} blocks now`);
      next = message.sequence + 1;
    }
  }
  const parts = mapper.finish();
  verifyRemade(unfinished, parts);
  return { from, sequence, mapping, parts };
}

/**
 * The same for a batch that was made from a dead letter.
 * @returns null if somebody discarded the letter meanwhile: what OUT has of it is all there will be
 */
export async function remakeReplay(
  unfinished: Unfinished,
  context: MapperContext,
  maxRowBytes: number,
  signal: AbortSignal,
): Promise<Batch | null> {
  const { position, cluster, partition } = unfinished;
  const { from, sequence, mapping, replay, letter } = position;
  if (!replay || !letter) throw notReproducible(unfinished, 'it does not say which letter it was made from');
  const found = await new LetterShelf(context.manager, cluster).find(letter.sequence);
  if (found === null) {
    const about = { cluster, partition, letter: letter.sequence };
    context.log.warn(about, 'a dead letter was discarded in the middle of its replay');
    return null;
  }
  const plan = await planOf(unfinished, context, signal);
  const parts = new LetterMapper(maxRowBytes).map(found.letter, plan);
  verifyRemade(unfinished, parts);
  return { from, sequence, mapping, parts, replay, letter };
}

async function planOf(
  unfinished: Unfinished,
  { library }: MapperContext,
  signal: AbortSignal,
): Promise<ClusterPlan> {
  const { mapping } = unfinished.position;
  const plan = (await library.load(mapping, signal)).plan(unfinished.cluster);
  if (plan === null) throw notReproducible(unfinished, `version ${mapping} has no such cluster`);
  return plan;
}

/** Whether `parts` are what was begun. @throws HaltError 'not-reproducible' */
export function verifyRemade(unfinished: Unfinished, parts: readonly Part[]): void {
  const { position, data } = unfinished;
  const { part } = position;
  if (parts.length !== position.parts) {
    throw notReproducible(
      unfinished,
      `it has ${parts.length} parts now, but was begun with ${position.parts}`,
    );
  }
  const again = parts[part - 1]?.data ?? new Uint8Array(0);
  if (Buffer.compare(again, data) !== 0) {
    throw notReproducible(unfinished, `part ${part} is not what OUT holds`);
  }
}

function notReproducible({ cluster, partition, position }: Unfinished, what: string): HaltError {
  const { from, sequence, mapping } = position;
  return new HaltError(
    'not-reproducible',
    `the batch ${from} to ${sequence} of ${cluster}, partition ${partition}, was begun with mapping version ${mapping} ` +
      `and cannot be finished: ${what}. Was it begun by another release? Let that one finish it`,
  );
}
