/** What an engine holds its clients to, by the name its counter has. docs/limits.md tells what each does. */
export const engineLimits = [
  'packet-bytes',
  'topic-bytes',
  'topic-levels',
  'filters-per-packet',
  'receive-maximum',
  'incomplete-bytes',
  'control-packets',
  'flood',
  'unfinished',
  'unfinished-per-address',
] as const;

export type EngineLimit = (typeof engineLimits)[number];

/** How often each limit took effect. */
export type LimitCounters = Record<EngineLimit, number>;

export function limitCounters(): LimitCounters {
  const counters: Partial<LimitCounters> = {};
  for (const limit of engineLimits) counters[limit] = 0;
  return counters as LimitCounters;
}
