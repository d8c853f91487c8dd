/** Latencies in a line: how many, median and 99th percentile. */
export function latencyText(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `${sorted.length} acknowledged, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
