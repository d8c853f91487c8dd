import { status } from '@grpc/grpc-js';
import { checkName, ContractError } from '@tributary/contracts';
import type { DeadLetterFilter, DeadLetterIds } from '@tributary/contracts/control/dead-letters';
import { RpcError } from '@tributary/service';
import { SCAN_LIMIT, type LetterFilter } from './letter-scan.ts';

const NO_ROUTE = /^_[a-z]*$/;
const MOST_IDS = 10_000;

/** @throws RpcError INVALID_ARGUMENT, as all of these, naming the field */
export function clusterOf({ cluster }: { readonly cluster: string }): string {
  return named('cluster', cluster);
}

export function filterOf(filter: DeadLetterFilter | undefined, partitions: number): LetterFilter {
  const { route = '', code = '', partition } = filter ?? {};
  if (route !== '' && !NO_ROUTE.test(route)) named('filter.route', route);
  if (partition !== undefined && partition >= partitions) {
    throw invalid('filter.partition', `the log has partitions 0 to ${partitions - 1}, not ${partition}`);
  }
  return { route: route || null, code: code || null, partition: partition ?? null };
}

export function limitOf(limit: number, usual: number, most: number): number {
  if (limit <= most) return limit || usual;
  throw invalid('limit', `at most ${most} at a time, not ${limit}`);
}

export function sequenceOf(sequence: number): number {
  if (sequence > 0) return sequence;
  throw invalid('sequence', 'must name a letter');
}

/** What Replay and Discard are asked for. */
export type Asked =
  | { readonly ids: readonly number[] }
  | { readonly filter: LetterFilter; readonly after: number; readonly limit: number };

export interface AskedMessage {
  readonly ids?: DeadLetterIds | undefined;
  readonly filter?: DeadLetterFilter | undefined;
  readonly after: number;
  readonly limit: number;
}

export function askedOf({ ids, filter, after, limit }: AskedMessage, partitions: number): Asked {
  if (ids) {
    const { sequences } = ids;
    if (sequences.length === 0) throw invalid('ids.sequences', 'must name a letter');
    if (sequences.length > MOST_IDS) {
      throw invalid('ids.sequences', `at most ${MOST_IDS} at a time, not ${sequences.length}`);
    }
    if (sequences.includes(0)) throw invalid('ids.sequences', 'no letter has the sequence 0');
    return { ids: sequences };
  }
  // Nothing given at all may be a slip; an empty filter is meant.
  if (!filter) throw invalid('selection', 'must be ids, or a filter; an empty filter means all letters');
  return { filter: filterOf(filter, partitions), after, limit: limitOf(limit, 1_000, SCAN_LIMIT) };
}

function named(field: string, value: string): string {
  try {
    return checkName(value);
  } catch (error) {
    if (error instanceof ContractError) throw invalid(field, error.message);
    throw error;
  }
}

function invalid(field: string, problem: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, `${field}: ${problem}`);
}
