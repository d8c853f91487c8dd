import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { progressTo, TestingError, WORKSPACE } from '@tributary/testing';
import { FaultsError } from './errors.ts';
import { parseFaultOptions, usage } from './fault-options.ts';
import { allRows, byProfile, chosen } from './plan.ts';
import { guaranteesPage } from './report/guarantees-page.ts';
import { rowLines } from './report/row-line.ts';
import { summary } from './report/summary.ts';
import type { RowReport } from './row.ts';
import { runSuite } from './suite.ts';

/** Average time between two bursts of a device: with 300 devices some 1,200 messages a second. */
const PAUSE_MS = 500;
const PAGE = join(WORKSPACE, 'docs', 'guarantees.md');

async function main(): Promise<number> {
  const options = parseFaultOptions(process.argv.slice(2));
  if (!options) {
    console.log(usage());
    return 0;
  }
  const { seed, only, devices, list, json } = options;
  const rows = byProfile(chosen(allRows(seed), only)).flatMap(([, own]) => own);
  if (list) {
    for (const { name, title } of rows) console.log(`${name.padEnd(36)} ${title}`);
    return 0;
  }
  const say = json ? console.error : console.log;
  say(`${rows.length} rows with ${devices} devices each, seed ${seed}`);
  const done: RowReport[] = [];
  const reports = await runSuite(rows, {
    seed,
    load: { devices, pauseMs: PAUSE_MS },
    progress: progressTo(say),
    onRow: (report) => {
      for (const line of rowLines(report)) say(line);
      done.push(report);
      // Of some rows alone the page would forget the others. A run that is ended early leaves what it has, and says so.
      if (only.length === 0) writeFileSync(PAGE, guaranteesPage(done, rows.slice(done.length), devices));
    },
  });
  for (const line of ['', ...summary(reports), '']) say(line);
  if (only.length === 0) say(`written to ${PAGE}`);
  if (json) console.log(JSON.stringify(reports, null, 2));
  const failed = reports.filter(({ failures }) => failures.length > 0);
  say(failed.length === 0 ? 'all rows passed' : `failed: ${failed.map(({ name }) => name).join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

// What was started ends with this process, and so do its folders: the watchdog of libs/testing sees to it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
// The first script of `npm run faults` holds the other end: without it nobody could stop us with Ctrl-C any more.
process.on('disconnect', () => process.exit(130));
process.channel?.unref();
// Neither the children nor their pipes keep this process alive while it waits for them.
setInterval(() => undefined, 2 ** 30);
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof FaultsError || error instanceof TestingError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof FaultsError && error.code === 'usage' ? 64 : 1;
}
// Clients of servers that are gone go on trying to reach them, and would keep it alive after its work.
process.exit();
