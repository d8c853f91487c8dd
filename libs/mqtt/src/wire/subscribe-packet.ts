import type { RequestedSubscription, SubscribeRequest, UnsubscribeRequest } from '../engine/mqtt-engine.ts';
import { isSharedFilter, topicFilterProblem, topicLevels } from '../topic-filter.ts';
import { Faults, type Fault } from './fault.ts';
import { FaultError, FieldReader, decodeOr } from './field-reader.ts';
import { PacketType } from './packet-type.ts';
import { PropertyId, PropertyScanner } from './property.ts';

export interface FilterLimits {
  maxTopicLevels: number;
  maxTopicBytes: number;
  /** Topic filters of one packet. */
  maxFilters: number;
}

/** What a string has in front of it (1.5.4). */
const LENGTH_BYTES = 2;

type Decoded<T> = { value: T; fault: null } | { value: null; fault: Fault };

/** Decodes the body of a SUBSCRIBE (3.8). */
export function decodeSubscribe(
  buffer: Buffer,
  start: number,
  end: number,
  version: number,
  limits: FilterLimits,
): Decoded<SubscribeRequest> {
  return decodeOr(() => {
    const reader = new FieldReader(buffer, start, end);
    const packetId = reader.packetId();
    const subscriptionIdentifier = version === 5 ? readSubscriptionIdentifier(reader) : 0;
    const subscriptions: RequestedSubscription[] = [];
    while (!reader.done) {
      if (subscriptions.length === limits.maxFilters) throw new FaultError(Faults.FILTERS);
      const filter = readFilter(reader, limits);
      subscriptions.push(readOptions(filter, reader.byte(), version));
    }
    if (subscriptions.length === 0) throw new FaultError(Faults.NO_FILTERS);
    return { packetId, subscriptionIdentifier, subscriptions };
  });
}

/** Decodes the body of an UNSUBSCRIBE (3.10). */
export function decodeUnsubscribe(
  buffer: Buffer,
  start: number,
  end: number,
  version: number,
  limits: FilterLimits,
): Decoded<UnsubscribeRequest> {
  return decodeOr(() => {
    const reader = new FieldReader(buffer, start, end);
    const packetId = reader.packetId();
    if (version === 5) skipProperties(reader, PacketType.UNSUBSCRIBE);
    const filters: string[] = [];
    while (!reader.done) {
      if (filters.length === limits.maxFilters) throw new FaultError(Faults.FILTERS);
      filters.push(readFilter(reader, limits));
    }
    if (filters.length === 0) throw new FaultError(Faults.NO_FILTERS);
    return { packetId, filters };
  });
}

function skipProperties(reader: FieldReader, place: number): PropertyScanner {
  const scanner = new PropertyScanner();
  reader.check(scanner.scan(reader.buffer, reader.at, reader.end, place));
  reader.at = scanner.end;
  return scanner;
}

function readSubscriptionIdentifier(reader: FieldReader): number {
  const scanner = skipProperties(reader, PacketType.SUBSCRIBE);
  if (!scanner.has(PropertyId.SUBSCRIPTION_IDENTIFIER)) return 0;
  const identifier = scanner.number(reader.buffer, PropertyId.SUBSCRIPTION_IDENTIFIER, 0);
  if (identifier === 0) throw new FaultError(Faults.SUBSCRIPTION_ID_ZERO);
  return identifier;
}

function readFilter(reader: FieldReader, { maxTopicLevels, maxTopicBytes }: FilterLimits): string {
  const { at } = reader;
  const filter = reader.string();
  if (reader.at - at - LENGTH_BYTES > maxTopicBytes) throw new FaultError(Faults.FILTER_BYTES);
  if (topicFilterProblem(filter) !== null) throw new FaultError(Faults.FILTER);
  if (topicLevels(filter) > maxTopicLevels) throw new FaultError(Faults.FILTER_LEVELS);
  return filter;
}

function readOptions(filter: string, options: number, version: number): RequestedSubscription {
  const qos = options & 3;
  const retainHandling = (options >> 4) & 3;
  const reserved = version === 5 ? 0xc0 : 0xfc;
  if (qos === 3 || retainHandling === 3 || (options & reserved) !== 0) {
    throw new FaultError(Faults.SUBSCRIPTION_OPTIONS);
  }
  const noLocal = (options & 4) !== 0;
  if (noLocal && isSharedFilter(filter)) throw new FaultError(Faults.NO_LOCAL_SHARED);
  return {
    filter,
    qos: qos === 0 ? 0 : qos === 1 ? 1 : 2,
    noLocal,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling === 0 ? 0 : retainHandling === 1 ? 1 : 2,
  };
}
