import { DELIVERIES } from '../platform/deliveries.ts';
import type { RowReport } from '../row.ts';

/** What is said of a row while the suite runs: its figures, what shows that it bit, and why it failed. */
export function rowLines(report: RowReport): string[] {
  const { name, skipped, failures, evidence } = report;
  if (skipped !== null) return [`- ${name}: skipped, ${skipped}`];
  const counts = DELIVERIES.flatMap((delivery) => {
    const verdict = report.verdicts[delivery];
    if (verdict === undefined) return [];
    const { lost, reordered, duplicated } = verdict;
    return [`${delivery}: lost ${lost}, reordered ${reordered}, duplicated ${duplicated}`];
  });
  if (report.sessions !== null) {
    const { lost, reordered, duplicated } = report.sessions;
    counts.push(`sessions: lost ${lost}, reordered ${reordered}, duplicated at QoS 2 ${duplicated}`);
  }
  const figures = [
    `${report.published} published, ${report.acknowledged} acknowledged, ${report.resent} resent by devices`,
    ...counts,
    `recovered after ${(report.recoveryMs / 1_000).toFixed(1)} s (${report.seconds} s)`,
  ];
  return [
    `${failures.length === 0 ? '✓' : '✗'} ${name}: ${figures.join('; ')}`,
    ...evidence.map((fact) => `    ${fact}`),
    ...failures.map((failure) => `  ✗ ${failure}`),
  ];
}
