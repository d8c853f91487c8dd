import type { MappingVersions } from '@tributary/log';
import { compileMapping, formatFindings } from '@tributary/mapping';
import { HaltError } from '../errors.ts';
import { CompiledVersion } from './compiled-version.ts';

/** Gets mapping versions from the config bucket and compiles them. */
export class MappingLibrary {
  readonly #versions: MappingVersions;
  readonly #cacheBytes: number;

  constructor(versions: MappingVersions, cacheBytes: number) {
    this.#versions = versions;
    this.#cacheBytes = cacheBytes;
  }

  /** @throws HaltError 'mapping-missing' or 'mapping-invalid' */
  async load(version: number, signal: AbortSignal): Promise<CompiledVersion> {
    const record = await this.#versions.find(version, signal);
    if (!record) {
      signal.throwIfAborted();
      throw new HaltError('mapping-missing', `mapping version ${version} is not in the config bucket`);
    }
    const compiled = compileMapping(record.text);
    if (!compiled.ok) {
      throw new HaltError(
        'mapping-invalid',
        `mapping version ${version} does not compile here; was it applied by a newer release?\n` +
          formatFindings(compiled.findings, record.source || `version ${version}`),
      );
    }
    return new CompiledVersion(version, compiled.mapping, this.#cacheBytes);
  }
}
