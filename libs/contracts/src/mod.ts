export * from './dead-letter.ts';
export * from './errors.ts';
export * from './frame/delivery-batch.ts';
export * from './frame/envelope.ts';
export { FRAME_HEADER_BYTES, LAYOUT_VERSION } from './frame/frame.ts';
export * from './frame/headers.ts';
export {
  EMPTY,
  openRow,
  RowKind,
  RowView,
  type ProtocolVersion,
  type QoS,
  type RowInput,
} from './frame/log-row.ts';
export * from './frame/record-batch.ts';
export {
  JournalFrameWriter,
  JournalKind,
  type JournalEntries,
  type JournalInbound,
  type JournalLog,
  type JournalRecipient,
  type JournalSession,
  type LogPlace,
} from './frame/session-journal.ts';
export { readJournal, type JournalVisitor, type WrittenEntries } from './frame/session-journal-reader.ts';
export * from './mapping-record.ts';
export type * from './node-stats.ts';
export * from './out-position.ts';
export * from './partition.ts';
export * from './publish-properties.ts';
export * from './replay-request.ts';
export * from './session-commands.ts';
export * from './streams.ts';
export * from './subjects.ts';
export * from './watermark.ts';
