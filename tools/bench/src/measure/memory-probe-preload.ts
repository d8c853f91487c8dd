import { renameSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

/*
 * Runs in the process that is measured, before its own main module. At SIGUSR2 it collects all garbage and writes down
 * what is left. Twice, with a turn of the event loop between: what a finalizer lets go of is garbage only then.
 */
process.on('SIGUSR2', () => void write(process.env['BENCH_MEMORY_FILE'] ?? ''));

async function write(file: string): Promise<void> {
  for (let pass = 0; pass < 2; pass++) {
    globalThis.gc?.();
    await turn();
  }
  // Whole or not at all: it is read while it is written.
  writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
  renameSync(`${file}.new`, file);
}
