import type { EngineOptions } from '@tributary/mqtt';
import type { LimitConfig } from './limit-settings.ts';

/** The part of the limits that the engine holds its clients to, besides the size of their packets. */
export function engineLimitsOf(config: LimitConfig): Partial<EngineOptions> {
  return {
    receiveMaximum: config['limits.unacknowledged'],
    maxKeepAlive: config['limits.keepAliveSeconds'],
    maxConnectBytes: config['limits.connectBytes'],
    maxIncompleteBytes: config['limits.incompleteBytes'],
    maxTopicBytes: config['limits.topicBytes'],
    maxTopicLevels: config['limits.topicLevels'],
    topicAliasMaximum: config['limits.topicAliases'],
    maxFilters: config['limits.filtersPerPacket'],
    maxControlPackets: config['limits.controlPacketsPerSecond'],
    floodPatienceMs: config['limits.floodSeconds'] * 1_000,
    maxUnfinished: config['limits.unfinished'],
    maxUnfinishedPerAddress: config['limits.unfinishedPerAddress'],
    connectTimeoutMs: config['limits.handshakeMs'],
    writeTimeoutMs: config['limits.unreadMs'],
  };
}
