import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import { latestActive, type ActiveEntry, type MappingVersions } from '@tributary/log';
import type { Log } from '@tributary/service';
import type { Commits } from './commits.ts';

const RETRY_MS = 1_000;

/**
 * Keeps a node to the commit rules of the active mapping, and to those announced for the next one: its own PUBLISHes may be behind
 * the change in the log although it does not know yet that the version is active.
 */
export class RulesInForce {
  readonly #commits: Commits;
  readonly #log: Log;
  #revision = -1;

  constructor(commits: Commits, log: Log) {
    this.#commits = commits;
    this.#log = log;
  }

  /** Revision of the active mapping's key that is held to; -1 before `begin` has resolved. */
  get revision(): number {
    return this.#revision;
  }

  /** Resolves when the rules are as new as this call; then follows them until the signal aborts. */
  async begin(manager: JetStreamManager, versions: MappingVersions, signal: AbortSignal): Promise<void> {
    this.#hold(await latestActive(manager));
    void this.#follow(versions, signal);
  }

  async #follow(versions: MappingVersions, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await versions.followActive(signal, (active) => this.#hold(active));
      } catch (error) {
        if (!signal.aborted) this.#log.warn({ error }, 'following the mapping failed, tried again soon');
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }

  #hold({ revision, version, rules, announced }: ActiveEntry): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    this.#commits.hold([...rules, ...announced]);
    if (rules.length + announced.length > 0) {
      this.#log.info(
        { version, rules: rules.length, announced: announced.length },
        'some PUBLISHes wait for Kafka',
      );
    }
  }
}
