import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { Severity, type GetActiveResponse } from '@tributary/contracts/control';
import { compileMapping } from '@tributary/mapping';
import { TestingError, until, WORKSPACE } from '@tributary/testing';
import { DemoError, reasonOf } from '../errors.ts';
import { ControlClient, hasCode, versionInEffect } from './control-client.ts';
import { grpcAddresses, type RunningPlatform } from './run-file.ts';

const AUTHOR = 'npm run demo';
const SOURCE = 'tools/demo/mapping.yaml';
const IN_EFFECT_MS = 60_000;

/** The mapping of the demo while it is in effect, and the one before it, which is put back afterwards. */
export class MappingTurn {
  readonly version: number;
  /** Every Kafka topic that the mapping may produce to. */
  readonly topics: readonly string[];
  readonly #platform: RunningPlatform;
  readonly #before: GetActiveResponse | undefined;

  private constructor(
    platform: RunningPlatform,
    version: number,
    topics: readonly string[],
    before: GetActiveResponse | undefined,
  ) {
    this.#platform = platform;
    this.version = version;
    this.topics = topics;
    this.#before = before;
  }

  /** Applies tools/demo/mapping.yaml. Errors: `mapping`, with all findings. */
  static async begin(platform: RunningPlatform): Promise<MappingTurn> {
    const text = readFileSync(join(WORKSPACE, SOURCE), 'utf8');
    const topics = kafkaTopics(text);
    using control = new ControlClient(platform.control);
    try {
      await control.reachable();
      const active = await control.active();
      const { applied, version, findings } = await control.apply({
        text,
        source: SOURCE,
        author: AUTHOR,
        comment: 'for the time of the demo',
        expectedVersion: active?.version?.version ?? 0,
      });
      if (!applied) {
        const lines = findings
          .filter(({ severity }) => severity === Severity.ERROR)
          .map(({ line, column, code, message }) => `${SOURCE}:${line}:${column} [${code}] ${message}`);
        throw new DemoError('mapping', ['the mapping of the demo was refused', ...lines].join('\n'));
      }
      return new MappingTurn(platform, version, topics, await lastOfOthers(control, active));
    } catch (error) {
      if (error instanceof DemoError) throw error;
      throw new DemoError(
        'mapping',
        `control-plane at ${platform.control} did not apply the mapping: ${reasonOf(error)}`,
        { cause: error },
      );
    }
  }

  /** Resolves when every topic-mapper works with the version. Errors: `mapping`. */
  async inEffect(signal: AbortSignal): Promise<void> {
    const everywhere = async (): Promise<boolean> => {
      const mappers = grpcAddresses(this.#platform.file, 'topic-mapper');
      const versions = await Promise.all(mappers.map(versionInEffect));
      return versions.length > 0 && versions.every((version) => (version ?? 0) >= this.version);
    };
    try {
      await until(everywhere, { timeoutMs: IN_EFFECT_MS, intervalMs: 50, signal });
    } catch (cause) {
      if (!(cause instanceof TestingError)) throw cause;
      throw new DemoError('mapping', `topic-mapper does not work with mapping version ${this.version}`, {
        cause,
      });
    }
  }

  /** Puts the mapping back that was there before. @returns what to say about it */
  async end(): Promise<string> {
    const before = this.#before;
    if (!before?.version) return 'there was no other mapping before; that of the demo stays';
    const { source, version: former } = before.version;
    using control = new ControlClient(this.#platform.control);
    try {
      const { applied, unchanged, version } = await control.apply({
        text: before.text,
        source,
        author: AUTHOR,
        comment: `version ${former} again, after the demo`,
        expectedVersion: this.version,
      });
      if (!applied) return `the mapping before, ${source}, is refused now; that of the demo stays`;
      if (unchanged) return `mapping ${source} stays as version ${version}`;
      return `mapping ${source} is there again, as version ${version}`;
    } catch (error) {
      if (hasCode(error, status.FAILED_PRECONDITION))
        return 'another mapping was applied meanwhile and stays';
      return `the mapping before, ${source}, version ${former}, could not be put back: ${reasonOf(error)}`;
    }
  }
}

// A demo that was killed could not put back what it replaced.
async function lastOfOthers(
  control: ControlClient,
  active: GetActiveResponse | undefined,
): Promise<GetActiveResponse | undefined> {
  if (active?.version?.author !== AUTHOR || active.version.source !== SOURCE) return active;
  const { versions } = await control.history();
  const other = versions.find(({ source }) => source !== SOURCE);
  return other ? await control.textOf(other.version) : undefined;
}

function kafkaTopics(text: string): string[] {
  const compiled = compileMapping(text);
  // The control-plane says what is wrong with it.
  if (!compiled.ok) return [];
  return [...new Set(compiled.mapping.routes.flatMap(({ topics }) => topics))];
}
