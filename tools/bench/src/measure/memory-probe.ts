import { readFileSync, rmSync } from 'node:fs';
import { until } from '@tributary/testing';

/** Bytes, as process.memoryUsage() has them, after a collection of all garbage. */
export interface MemorySplit {
  rss: number;
  heapTotal: number;
  heapUsed: number;
  external: number;
  arrayBuffers: number;
}

const FILE_VARIABLE = 'BENCH_MEMORY_FILE';

/** Asks a service what its memory is made of. The service is not changed for it: `memory-probe-preload.ts` answers in its process. */
export class MemoryProbe {
  static readonly nodeArgs: readonly string[] = [
    '--expose-gc',
    `--import=${new URL('memory-probe-preload.ts', import.meta.url).href}`,
  ];
  readonly #pid: number;
  readonly #file: string;

  /** @param file that the process was given with {@link environment} */
  constructor(pid: number, file: string) {
    this.#pid = pid;
    this.#file = file;
  }

  static environment(file: string): Record<string, string> {
    return { [FILE_VARIABLE]: file };
  }

  /** Errors: TestingError `timeout`, if the process does not answer. */
  read(): Promise<MemorySplit> {
    rmSync(this.#file, { force: true });
    process.kill(this.#pid, 'SIGUSR2');
    const answer = (): MemorySplit => JSON.parse(readFileSync(this.#file, 'utf8')) as MemorySplit;
    return until(answer, { what: `process ${this.#pid} tells its memory` });
  }
}
