/** Keys of `buckets.config`. Versions are immutable; `active` is moved by compare-and-set. */
export const configKeys = {
  active: 'mapping.active',
  version: (n: number): string => `mapping.version.${n}`,
} as const;

/** Value of `configKeys.version(n)`, as JSON: a mapping file as it was applied. */
export interface MappingRecord {
  version: number;
  text: string;
  /** Where the text came from, usually the name of a file; may be empty. */
  source: string;
  /** Who applied it, why, and when. The first two may be empty. */
  appliedBy: string;
  comment: string;
  appliedAtMs: number;
}

/** What a route with `ack: kafka` asks: a PUBLISH to a topic that matches is acknowledged when the cluster has it. */
export interface CommitRule {
  /** A topic filter, as MQTT has it. */
  filter: string;
  cluster: string;
}

/**
 * Value of `configKeys.active`, as JSON. Version and rules are in one value, so they change together. What a next version
 * will ask besides is announced before it becomes active: no node may acknowledge too early what that version maps.
 */
export interface ActiveMapping {
  version: number;
  /** Of the version; absent: none. */
  rules?: CommitRule[];
  /** Of a version that is about to become active; absent: none. */
  announced?: CommitRule[];
}

export function sameRule(a: CommitRule, b: CommitRule): boolean {
  return a.filter === b.filter && a.cluster === b.cluster;
}
