export { ApiCode, isApiError, isWrongLastSequence } from './api-codes.ts';
export * from './appender.ts';
export { isUnavailable } from './availability.ts';
export * from './bucket-follower.ts';
export type { BucketWatch } from './bucket-watch.ts';
export * from './buckets.ts';
export * from './checkpointed-writer.ts';
export * from './connection.ts';
export * from './cursors.ts';
export * from './errors.ts';
export * from './mapping-versions.ts';
export {
  evictMember,
  memberKey,
  MemberView,
  type Member,
  type MemberRecord,
  type MemberViewOptions,
  type OwnershipEntry,
} from './member-view.ts';
export * from './membership.ts';
export * from './ownership.ts';
export * from './publisher.ts';
export * from './reader.ts';
export { rendezvous } from './rendezvous.ts';
export { SendClock } from './send-clock.ts';
export * from './streams.ts';
export * from './topology.ts';
export { aborted, pause } from './wait.ts';
