import { prepareKafka, provisionNats, type Progress } from '@tributary/testing';
import { byProfile } from './plan.ts';
import { FaultPlatform } from './platform/fault-platform.ts';
import { runRow, type LoadOptions, type Row, type RowReport } from './row.ts';

export interface SuiteOptions {
  seed: number;
  load: LoadOptions;
  progress: Progress;
  /** Told of each row as it is done. */
  onRow(report: RowReport): void;
}

/** Runs rows, those of a profile on one platform, which is replaced by another when a row fails on it. */
export async function runSuite(rows: readonly Row[], options: SuiteOptions): Promise<RowReport[]> {
  const { progress, onRow } = options;
  await provisionNats(progress);
  await prepareKafka(progress);
  const reports: RowReport[] = [];
  for (const [profile, own] of byProfile(rows)) {
    const names = own.map(({ name }) => name);
    let platform: FaultPlatform | undefined;
    try {
      for (const row of own) {
        const unavailable = row.faults.map((fault) => fault.unavailable?.()).find(Boolean);
        if (unavailable) {
          reports.push(notRun(row, options.seed, { skipped: unavailable }));
        } else {
          try {
            platform ??= await progress(`starting a platform: ${profile}`, () =>
              FaultPlatform.start(profile, names),
            );
            reports.push(await runRow(row, platform, options.seed, options.load));
          } catch (error) {
            reports.push(
              notRun(row, options.seed, { failure: error instanceof Error ? error.message : String(error) }),
            );
          }
        }
        const report = reports.at(-1);
        if (report === undefined) continue;
        onRow(report);
        if (report.failures.length === 0) continue;
        await platform?.[Symbol.asyncDispose]();
        platform = undefined;
      }
    } finally {
      await platform?.[Symbol.asyncDispose]();
    }
  }
  return reports;
}

function notRun(row: Row, seed: number, why: { skipped?: string; failure?: string }): RowReport {
  return {
    name: row.name,
    title: row.title,
    profile: row.profile,
    seed,
    skipped: why.skipped ?? null,
    published: 0,
    sessions: null,
    acknowledged: 0,
    resent: 0,
    verdicts: {},
    recoveryMs: 0,
    evidence: [],
    failures: why.failure === undefined ? [] : [why.failure],
    seconds: 0,
  };
}
