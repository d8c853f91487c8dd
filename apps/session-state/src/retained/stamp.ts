/** Orders values of one topic that come from different publishers, the same way for every reader of the log. */
export interface Stamp {
  /** Receive time of the ingress node, milliseconds since the epoch. */
  receivedMs: number;
  partition: number;
  logSequence: number;
  row: number;
}

/** Whether `a` is newer than `b`. */
export function isNewer(a: Stamp, b: Stamp): boolean {
  if (a.receivedMs !== b.receivedMs) return a.receivedMs > b.receivedMs;
  if (a.partition !== b.partition) return a.partition > b.partition;
  if (a.logSequence !== b.logSequence) return a.logSequence > b.logSequence;
  return a.row > b.row;
}
