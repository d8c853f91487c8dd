/** Keys of `buckets.config`. Versions are immutable; `active` is moved by compare-and-set. */
export const configKeys = {
  active: 'mapping.active',
  version: (n: number): string => `mapping.version.${n}`,
} as const;

/** Value of `configKeys.version(n)`, as JSON: a mapping file as it was applied. */
export interface MappingRecord {
  version: number;
  text: string;
  /** Who applied it and when. */
  appliedBy: string;
  appliedAtMs: number;
}

/** Value of `configKeys.active`, as JSON. */
export interface ActiveMapping {
  version: number;
}
