import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { progressTo } from '@tributary/testing';
import type { PipelineOptions } from './bench-options.ts';
import { runPipeline, type RunResult } from './pipeline-run.ts';
import { BenchPlatform } from './platform/bench-platform.ts';
import { profileFile, BENCH_FOLDER, readProfile, topSelfTimes } from './report/cpu-profile.ts';
import { isSound, pipelineReport, type PipelineReport } from './report/pipeline-report.ts';
import { table } from './report/table.ts';

const SHOWN = 20;
/** Between two runs, so that purges and flushes of one do not fall into the next. */
const REST_MS = 3_000;

/** Starts a platform, drives it as often as asked and stops it. `say` gets the progress. */
export async function measurePipeline(
  options: PipelineOptions,
  say: (line: string) => void,
): Promise<PipelineReport> {
  const progress = progressTo(say);
  await using platform = await BenchPlatform.start(options, progress);
  const runs: RunResult[] = [];
  for (let run = 1; run <= options.runs; run++) {
    if (run > 1) await delay(REST_MS);
    const what = `run ${run} of ${options.runs}: ${options.warmup} s to warm up and ${options.seconds} s`;
    runs.push(await progress(what, () => runPipeline(options, platform, run)));
  }
  const complaints = platform.complaints();
  if (options.profile.length > 0) {
    await platform.stopServices();
    const [from, to] = runs.at(-1)?.window ?? [0, Infinity];
    for (const name of options.profile) {
      say(`\n${name}: functions by self time in the measured window; ${profileFile(name)}`);
      const rows = topSelfTimes(readProfile(name), from, to, SHOWN).map(({ name: place, us, share }) => [
        place,
        `${(us / 1e3).toFixed(0)} ms`,
        `${(share * 100).toFixed(1)} %`,
      ]);
      table(rows).forEach(say);
    }
  }
  const report = pipelineReport(options, runs, complaints);
  if (complaints.length > 0 || !isSound(report)) {
    const folder = join(BENCH_FOLDER, `logs-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`);
    platform.keepLogs(folder);
    say(`not everything went well; the logs are in ${folder}`);
  }
  return report;
}
