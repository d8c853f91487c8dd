import { setTimeout as delay } from 'node:timers/promises';
import { progressTo } from '@tributary/testing';
import type { PipelineOptions } from './pipeline-options.ts';
import { runPipeline, type RunResult } from './pipeline-run.ts';
import { BenchPlatform, labelOf } from './platform/bench-platform.ts';
import { logFolder } from './report/bench-folder.ts';
import { profileFile, readProfile, topSelfTimes } from './report/cpu-profile.ts';
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
  // In turn, so that a machine that gets slower or faster does so for all engines.
  const turns = Array.from({ length: options.runs }, () => options.engines).flat();
  for (const [index, engine] of turns.entries()) {
    if (index > 0) await delay(REST_MS);
    const which = engine === 'default' ? '' : `, ${engine}`;
    const what = `run ${index + 1} of ${turns.length}${which}: ${options.warmup} s to warm up and ${options.seconds} s`;
    runs.push(await progress(what, () => runPipeline(options, platform, engine, index + 1)));
  }
  const complaints = platform.complaints();
  if (options.profile.length > 0) {
    await platform.stopServices();
    for (const { name, window } of profiles(options, runs)) {
      const [from, to] = window;
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
    const folder = logFolder();
    platform.keepLogs(folder);
    say(`not everything went well; the logs are in ${folder}`);
  }
  return report;
}

/** The profiles that were asked for, each with the last window in which its process worked. */
function* profiles(
  { profile, engines }: PipelineOptions,
  runs: readonly RunResult[],
): Generator<{ name: string; window: RunResult['window'] }> {
  for (const name of profile) {
    for (const engine of name === 'mqtt-ingress' ? engines : [undefined]) {
      const last = runs.findLast((run) => engine === undefined || run.engine === engine);
      if (last) yield { name: engine === undefined ? name : labelOf(name, engine), window: last.window };
    }
  }
}
