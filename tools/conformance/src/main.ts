import { TestingError } from '@tributary/testing';
import { parseConformanceOptions, usage } from './conformance-options.ts';
import { ConformanceError } from './errors.ts';
import { compare, comparisonTable } from './report/comparison.ts';
import { writeTables } from './report/conformance-page.ts';
import { countOf, type SuiteReport } from './suites/suite.ts';
import { runSuite, suiteOf } from './suites/suites.ts';
import { startTarget } from './target/targets.ts';

async function main(): Promise<number> {
  const options = parseConformanceOptions(process.argv.slice(2), process.env);
  if (!options) {
    console.log(usage());
    return 0;
  }
  const say = options.json ? console.error : console.log;
  const suites = options.suites.map((name) => suiteOf(name, options.checkouts));
  const reports: SuiteReport[] = [];
  for (const suite of suites) {
    say(`${suite.title}, ${await suite.source()}`);
    for (const name of options.targets) {
      // A new server for each: what one suite leaves behind is not the next one's concern.
      await using target = await startTarget(name);
      const report = await runSuite(suite, target);
      reports.push(report);
      const failed = report.results.filter(({ outcome }) => outcome === 'failed');
      const passed = countOf(report.results, 'passed');
      const skipped = countOf(report.results, 'skipped');
      say(
        `  ${target.name}: ${passed} passed, ${failed.length} failed, ${skipped} not run, ${report.seconds} s`,
      );
      for (const { name: which, detail } of failed) say(`    ${which}: ${detail}`);
    }
  }
  for (const { name, title } of suites) {
    const own = reports.filter(({ suite }) => suite === name);
    for (const text of ['', title, '', ...comparisonTable(compare(name, own))]) say(text);
  }
  if (options.write) say(`\nwritten to ${await writeTables(suites, reports)}`);
  if (options.json) console.log(JSON.stringify(reports, null, 2));
  // What Mosquitto fails is its own.
  const failures = reports.filter(({ target }) => target.startsWith('Tributary'));
  return failures.every(({ results }) => countOf(results, 'failed') === 0) ? 0 : 1;
}

// What was started ends with this process: the watchdog of libs/testing sees to it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
// The first script of `npm run conformance` holds the other end: without it nobody could stop us with Ctrl-C any more.
process.on('disconnect', () => process.exit(130));
process.channel?.unref();
// Neither the children nor their pipes keep this process alive while it waits for them.
setInterval(() => undefined, 2 ** 30);
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ConformanceError || error instanceof TestingError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof ConformanceError && error.code === 'usage' ? 64 : 1;
}
process.exit();
