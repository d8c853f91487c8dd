import { DELIVERIES } from '../platform/deliveries.ts';
import type { RowReport } from '../row.ts';

/** The table at the end of a run. */
export function summary(reports: readonly RowReport[]): string[] {
  const header = [
    'row',
    'published',
    'acknowledged',
    'resent',
    'lost',
    'reordered',
    ...DELIVERIES.map((delivery) => `twice (${delivery})`),
    'sessions: lost/reordered/twice',
    'recovered',
  ];
  const rows = reports.map((report) => {
    if (report.skipped !== null) return [report.name, 'skipped'];
    const verdicts = DELIVERIES.flatMap((delivery) => report.verdicts[delivery] ?? []);
    const most = (values: number[]): string => (values.length === 0 ? '?' : String(Math.max(...values)));
    return [
      report.name,
      String(report.published),
      String(report.acknowledged),
      String(report.resent),
      most(verdicts.map(({ lost }) => lost)),
      most(verdicts.map(({ reordered }) => reordered)),
      ...DELIVERIES.map((delivery) => String(report.verdicts[delivery]?.duplicated ?? '?')),
      sessionFigures(report),
      `${(report.recoveryMs / 1_000).toFixed(1)} s`,
      ...(report.failures.length === 0 ? [] : ['FAILED']),
    ];
  });
  const widths = header.map((_, n) => Math.max(...[header, ...rows].map((row) => row[n]?.length ?? 0)));
  return [header, ...rows].map((row) =>
    row.map((text, n) => (n === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[n] ?? 0))).join('  '),
  );
}

/** Lost, reordered, and twice at QoS 2, on the way to lasting sessions. */
export function sessionFigures({ sessions }: RowReport): string {
  return sessions === null ? '?' : `${sessions.lost} / ${sessions.reordered} / ${sessions.duplicated}`;
}
