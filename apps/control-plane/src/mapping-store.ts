import type { JetStreamManager } from '@nats-io/jetstream';
import {
  deadLetterStream,
  logReaders,
  replayStream,
  sameRule,
  type CommitRule,
  type MappingRecord,
  type StreamLimits,
} from '@tributary/contracts';
import {
  ensureOut,
  ensureStream,
  LogError,
  type ActiveEntry,
  type CursorRegistry,
  type LogTopology,
  type MappingVersions,
} from '@tributary/log';
import { compileMapping, type Finding } from '@tributary/mapping';
import type { IngressConsent } from './ingress-consent.ts';

/** What somebody wants to be the mapping. */
export interface Application {
  text: string;
  source: string;
  author: string;
  comment: string;
  /** The version that must be active now; 0: any. */
  expectedVersion: number;
}

export type ApplyResult =
  | { outcome: 'applied'; version: number; findings: readonly Finding[] }
  | { outcome: 'unchanged'; version: number; findings: readonly Finding[] }
  | { outcome: 'refused'; version: number; findings: readonly Finding[] };

export interface MappingStoreOptions {
  manager: JetStreamManager;
  versions: MappingVersions;
  cursors: CursorRegistry;
  ingress: IngressConsent;
  /** The log as it stands now, looked up for every application: a new cluster begins at its present end. */
  log(): Promise<LogTopology>;
  out: StreamLimits;
  deadLetters: StreamLimits;
  /** Longest time between the registration of a reader and the activation of the mapping that needs it, in ms. */
  prepareMs: number;
}

/** Numbers tried for a new version: those above the active one may be taken by applications that never finished. */
const MAX_ATTEMPTS = 1_000;

/** The mapping: validated, stored as the next version, and made active once everything it needs exists. */
export class MappingStore {
  readonly #options: MappingStoreOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #named: { readonly version: number; readonly clusters: readonly string[] } = { version: 0, clusters: [] };

  constructor(options: MappingStoreOptions) {
    this.#options = options;
  }

  /**
   * Applies a text. A refused one changes nothing. One application at a time; between processes the
   * compare-and-set on the active version decides.
   * @throws LogError 'conflict' if another version became active meanwhile, or is not the expected one
   */
  apply(application: Application): Promise<ApplyResult> {
    const result = this.#turn.then(() => this.#apply(application));
    this.#turn = result.catch(() => {});
    return result;
  }

  /** The active version; null if there is none yet. */
  async active(): Promise<MappingRecord | null> {
    const { version } = await this.#options.versions.active();
    return version === 0 ? null : await this.#options.versions.read(version);
  }

  /** Names of the clusters of the active version, as far as they can be known here. */
  async clusters(): Promise<readonly string[]> {
    const { version } = await this.#options.versions.active();
    if (version !== this.#named.version) {
      const record = await this.#options.versions.read(version);
      const compiled = record && compileMapping(record.text);
      this.#named = {
        version,
        clusters: compiled?.ok ? compiled.mapping.clusters.map(({ name }) => name) : [],
      };
    }
    return this.#named.clusters;
  }

  version(version: number): Promise<MappingRecord | null> {
    return this.#options.versions.read(version);
  }

  /** Versions below `before` (0: from the active one on), the newest first. */
  async history(before: number, limit: number): Promise<MappingRecord[]> {
    const { version: active } = await this.#options.versions.active();
    const records: MappingRecord[] = [];
    for (let n = before > 0 ? Math.min(before - 1, active) : active; n > 0 && records.length < limit; n--) {
      const record = await this.#options.versions.read(n);
      if (record) records.push(record);
    }
    return records;
  }

  async #apply(application: Application): Promise<ApplyResult> {
    const { versions } = this.#options;
    const seen = await versions.active();
    const compiled = compileMapping(application.text);
    if (!compiled.ok) return { outcome: 'refused', version: seen.version, findings: compiled.findings };
    const findings = compiled.warnings;
    const { expectedVersion } = application;
    if (expectedVersion !== 0 && expectedVersion !== seen.version) {
      throw new LogError('conflict', `version ${seen.version} is active, not ${expectedVersion}`);
    }
    const current = seen.version === 0 ? null : await versions.read(seen.version);
    if (current?.text === application.text) return { outcome: 'unchanged', version: seen.version, findings };
    const began = performance.now();
    const clusters = compiled.mapping.clusters.map(({ name }) => name);
    // Streams and readers come first: from the moment a version is active nothing may be removed unread.
    const log = await this.#options.log();
    for (const cluster of clusters) await this.#prepare(cluster, log);
    const version = await this.#create(application, seen);
    const rules = compiled.mapping.awaited;
    const announced = await this.#announce(rules, seen, began);
    if (performance.now() - began > this.#options.prepareMs) {
      // The readers registered above may be taken for left over by now.
      throw new LogError(
        'not-stored',
        `preparing took longer than ${this.#options.prepareMs} ms; apply again`,
      );
    }
    // Readers of clusters that are gone are removed some time after this, by the janitor.
    await versions.activate(version, announced, rules);
    return { outcome: 'applied', version, findings };
  }

  /**
   * Every ingress node knows new rules before the version that has them can be in effect anywhere: none may acknowledge what
   * that version maps without waiting for Kafka. @returns the active entry as it is now
   */
  async #announce(rules: readonly CommitRule[], seen: ActiveEntry, began: number): Promise<ActiveEntry> {
    const { versions, ingress, prepareMs } = this.#options;
    const added = rules.filter((rule) => !seen.rules.some((known) => sameRule(known, rule)));
    if (added.length === 0) return seen;
    const announced = await versions.announce(added, seen);
    try {
      await ingress.obtain(announced.revision, began + prepareMs - performance.now());
    } catch (error) {
      // If this fails too, the janitor withdraws it.
      await versions.activate(seen.version, announced, seen.rules).catch(() => {});
      throw error;
    }
    return announced;
  }

  async #prepare(cluster: string, log: LogTopology): Promise<void> {
    const { manager, cursors, out, deadLetters } = this.#options;
    await ensureOut(manager, cluster, log, out);
    await ensureStream(manager, deadLetterStream(cluster, deadLetters));
    await ensureStream(manager, replayStream(cluster, deadLetters.replicas));
    await cursors.register(logReaders.cluster(cluster), log);
  }

  async #create({ text, source, author, comment }: Application, seen: ActiveEntry): Promise<number> {
    for (let version = seen.version + 1; version <= seen.version + MAX_ATTEMPTS; version++) {
      try {
        const appliedAtMs = Date.now();
        await this.#options.versions.create({
          version,
          text,
          source,
          appliedBy: author,
          comment,
          appliedAtMs,
        });
        return version;
      } catch (error) {
        if (!(error instanceof LogError) || error.code !== 'conflict') throw error;
      }
    }
    throw new LogError('conflict', 'too many mappings are being applied at the same time');
  }
}
