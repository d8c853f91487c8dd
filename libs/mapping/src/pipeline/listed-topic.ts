import type { Route } from '../plan/route.ts';
import { MappingFailure } from '../mapping-failure.ts';

/**
 * The string of `topics` that equals `name`: records share it instead of each keeping its own.
 * @throws MappingFailure 'kafka-topic-not-listed'
 */
export function listedTopic(route: Route, name: string): string {
  for (const topic of route.topics) if (topic === name) return topic;
  throw new MappingFailure('kafka-topic-not-listed', `to.kafka: topics does not list "${name}"`);
}
