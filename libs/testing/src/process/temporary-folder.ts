import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guard } from './watchdog.ts';

/** A folder of its own that is gone when it is disposed of, or when this process has ended, however it ended. */
export class TemporaryFolder implements Disposable {
  readonly path: string;
  readonly #release: () => void;

  constructor(purpose: string) {
    this.path = mkdtempSync(join(tmpdir(), `tributary-${purpose}-`));
    this.#release = guard(`folder:${this.path}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
    this.#release();
  }
}
