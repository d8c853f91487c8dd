import { progressTo } from '@tributary/testing';
import type { ConnectionsOptions } from './connections-options.ts';
import { runConnections, type ConnectionsRun } from './connections-run.ts';
import { keepLogs } from './platform/bench-service.ts';
import { ConnectionsPlatform } from './platform/connections-platform.ts';
import { logFolder } from './report/bench-folder.ts';
import { connectionsReport, isSound, type ConnectionsReport } from './report/connections-report.ts';

/** Measures as often as asked, each time on processes that have served nobody yet. `say` gets the progress. */
export async function measureConnections(
  options: ConnectionsOptions,
  say: (line: string) => void,
): Promise<ConnectionsReport> {
  const progress = progressTo(say);
  const runs: ConnectionsRun[] = [];
  const complaints: string[] = [];
  // In turn, so that a machine that gets slower or faster does so for all engines.
  const turns = Array.from({ length: options.runs }, () => options.engines).flat();
  for (const [index, engine] of turns.entries()) {
    const what = `run ${index + 1} of ${turns.length}, ${engine}: ${options.clients} connections, twice`;
    await using platform = await ConnectionsPlatform.start(options, engine, progress);
    const run = await progress(what, () => runConnections(options, platform, engine));
    runs.push(run);
    const complained = platform.complaints();
    complaints.push(...complained);
    if (complained.length === 0 && isSound({ runs: [run] })) continue;
    const folder = logFolder();
    keepLogs(platform.members, folder);
    say(`not everything went well; the logs are in ${folder}`);
  }
  return connectionsReport(options, runs, complaints);
}
