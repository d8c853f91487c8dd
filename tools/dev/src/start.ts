import { progressTo, TestingError, withLock } from '@tributary/testing';
import { DevError } from './errors.ts';
import { readMapping } from './mapping/mapping-file.ts';
import { DataFolder } from './platform/data-folder.ts';
import { Platform } from './platform/platform.ts';
import { removeRunFile, RUN_FILE, runningSupervisor, writeRunFile } from './platform/run-file.ts';
import { exitWith, say } from './screen/report.ts';
import { welcome } from './screen/welcome.ts';
import { parseStartOptions, usage, type StartOptions } from './start-options.ts';
import { StopRequest } from './stop-request.ts';

async function run(options: StartOptions, data: DataFolder, stop: StopRequest): Promise<void> {
  if (options.fresh) data.clear();
  data.turnLogs();
  const platform = new Platform(options, data, { say, progress: progressTo(say) });
  // A second platform leaves `.tributary/run.json` to the first one and has its own in its data folder only.
  const runFiles = [data.runFile, ...(runningSupervisor(RUN_FILE) === undefined ? [RUN_FILE] : [])];
  const describe = () => runFiles.forEach((file) => writeRunFile(file, platform.describe()));
  try {
    if ((await Promise.race([platform.start(describe), stop.requested()])) !== 'stop') {
      describe();
      welcome(platform.describe(), platform.healthPages(), runFiles.at(-1) ?? '').forEach(say);
      say('ready');
      await stop.requested();
    }
    say('stopping (Ctrl-C again to force it)');
  } finally {
    runFiles.forEach(removeRunFile);
    await platform.stop();
  }
  say('stopped');
}

async function main(): Promise<number> {
  const options = parseStartOptions(process.argv.slice(2), process.env['INIT_CWD'] ?? process.cwd());
  if (!options) {
    say(usage());
    return 0;
  }
  readMapping(options.mapping);
  const data = new DataFolder(options.data);
  data.create();
  const stop = new StopRequest(() => {
    say('stopping at once');
    // What still runs is ended by the watchdog as soon as this process has.
    process.exit(130);
  });
  // Nothing else keeps this process alive: its children and their pipes do not.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    await withLock(data.lock, () => run(options, data, stop), 0);
    return 0;
  } catch (error) {
    if (!(error instanceof TestingError && error.code === 'lock-timeout')) throw error;
    throw new DevError(
      'already-running',
      `a platform with this data is running already: ${error.message}\n` +
        'Stop it with Ctrl-C, or start another one beside it with --port-offset 1000.',
      { cause: error },
    );
  } finally {
    clearInterval(alive);
  }
}

await exitWith(main);
