import { TestingError } from '@tributary/testing';
import { parseBenchCommand, usage, type BenchCommand } from './bench-options.ts';
import { measureConnections } from './connections.ts';
import { BenchError } from './errors.ts';
import { measurePipeline } from './pipeline.ts';
import { connectionsLines, isSound as connectionsAreSound } from './report/connections-report.ts';
import { isSound, reportLines } from './report/pipeline-report.ts';

async function main(): Promise<number> {
  const command = parseBenchCommand(process.argv.slice(2));
  if (!command) {
    console.log(usage());
    return 0;
  }
  const { report, lines, sound } = await measure(command);
  if (command.options.json) console.log(JSON.stringify(report, null, 2));
  else for (const line of lines) console.log(line);
  return sound ? 0 : 1;
}

async function measure(command: BenchCommand): Promise<{ report: object; lines: string[]; sound: boolean }> {
  const say = (line: string): void => console.error(line);
  if (command.name === 'connections') {
    const report = await measureConnections(command.options, say);
    return { report, lines: connectionsLines(report), sound: connectionsAreSound(report) };
  }
  const report = await measurePipeline(command.options, say);
  return { report, lines: reportLines(report), sound: isSound(report) };
}

// What was started ends with this process, and so do its folders: the watchdog of libs/testing and the workers see to it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
// The first script of `npm run bench` holds the other end: without it nobody could stop us with Ctrl-C any more.
process.on('disconnect', () => process.exit(130));
process.channel?.unref();
// Neither the children nor their pipes keep this process alive while it waits for them.
const alive = setInterval(() => undefined, 2 ** 30);
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof BenchError || error instanceof TestingError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof BenchError && error.code === 'usage' ? 64 : 1;
} finally {
  clearInterval(alive);
}
