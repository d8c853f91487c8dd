export { ApiCode, isApiError, isWrongLastSequence } from './api-codes.ts';
export * from './appender.ts';
export { isUnavailable } from './availability.ts';
export * from './bucket-follower.ts';
export type { BucketWatch } from './bucket-watch.ts';
export * from './buckets.ts';
export * from './checkpointed-writer.ts';
export * from './connection.ts';
export {
  isGivenUp,
  readTo,
  type Cursor,
  type Losses,
  type LogRange,
  type LostRange,
  type RegisteredCursor,
} from './cursor-record.ts';
export * from './cursors.ts';
export * from './errors.ts';
export * from './fenced-writer.ts';
export * from './log-purger.ts';
export { lowestOf, purgeableUpTo, type LogContent } from './log-room.ts';
export * from './mapping-versions.ts';
export {
  evictMember,
  listMembers,
  memberKey,
  readMember,
  MemberView,
  type Member,
  type MemberRecord,
  type MemberSighting,
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
export * from './watermark-follower.ts';
export * from './watermark-writer.ts';
export * from './will-publisher.ts';
