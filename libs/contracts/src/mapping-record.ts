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

/** Value of `configKeys.active`, as JSON. */
export interface ActiveMapping {
  version: number;
}
