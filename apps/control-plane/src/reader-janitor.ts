import { setTimeout as sleep } from 'node:timers/promises';
import { logReaders, streamNames, subjects } from '@tributary/contracts';
import type { JetStreamManager } from '@nats-io/jetstream';
import {
  readCheckpoint,
  type CursorEntry,
  type CursorRegistry,
  type LogTopology,
  type MappingVersions,
} from '@tributary/log';
import { compileMapping } from '@tributary/mapping';
import type { Log } from '@tributary/service';

export interface ReaderJanitorOptions {
  readonly manager: JetStreamManager;
  readonly versions: MappingVersions;
  readonly cursors: CursorRegistry;
  readonly topology: () => Promise<LogTopology>;
  /** How long a reader that no mapping needs must have been still before it is removed, in ms. */
  readonly graceMs: number;
  readonly log: Log;
}

const CLUSTER_READER = logReaders.cluster('x').slice(0, -1);

interface Sighting {
  readonly revision: number;
  readonly atMs: number;
}

/**
 * Keeps the declared readers of the log, and what is announced to ingress, what the active mapping needs, whatever a control plane died in the middle of.
 * A cluster's reader that is missing is registered again. One that is left over is removed after a grace: longer
 * than an application may take between registering a reader and activating the mapping that needs it.
 */
export class ReaderJanitor {
  readonly #options: ReaderJanitorOptions;
  #still = new Map<string, Sighting>();
  #announced: Sighting | null = null;

  constructor(options: ReaderJanitorOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { graceMs, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.round();
      } catch (error) {
        if (!signal.aborted)
          log.warn({ error }, 'readers of the log could not be looked at, tried again soon');
      }
      await sleep(graceMs / 4, undefined, { signal }).catch(() => {});
    }
  }

  async round(): Promise<void> {
    // The cursors first: a mapping activated after this was read has registered its readers before.
    const entries = (await this.#options.cursors.entries()).filter(({ reader }) =>
      reader.startsWith(CLUSTER_READER),
    );
    const clusters = await this.#clusters();
    if (clusters === null) return;
    const needed = new Set(clusters.map(logReaders.cluster));
    await this.#removeLeftOver(entries.filter(({ reader }) => !needed.has(reader)));
    for (const cluster of clusters) await this.#restoreMissing(cluster, entries);
    await this.#withdrawLeftOver();
  }

  /** What was announced and never became active makes devices wait for clusters that nobody may be serving. */
  async #withdrawLeftOver(): Promise<void> {
    const { versions, graceMs, log } = this.#options;
    const active = await versions.active();
    const { revision, version, rules, announced } = active;
    if (announced.length === 0) return;
    const atMs = performance.now();
    if (this.#announced?.revision !== revision) this.#announced = { revision, atMs };
    if (atMs - this.#announced.atMs < graceMs) return;
    await versions.activate(version, active, rules);
    log.warn(
      { version, announced },
      'rules for acknowledgements withdrawn: the mapping that has them was never applied',
    );
  }

  /** Clusters of the active mapping; null if they cannot be known here. */
  async #clusters(): Promise<string[] | null> {
    const { versions } = this.#options;
    const { version } = await versions.active();
    if (version === 0) return [];
    const record = await versions.read(version);
    const compiled = record && compileMapping(record.text);
    return compiled?.ok ? compiled.mapping.clusters.map(({ name }) => name) : null;
  }

  async #removeLeftOver(entries: readonly CursorEntry[]): Promise<void> {
    const { cursors, graceMs, log } = this.#options;
    const now = performance.now();
    const still = new Map<string, Sighting>();
    for (const entry of entries) {
      const { reader, generation, partition, revision } = entry;
      const key = `${reader}.${generation}.${partition}`;
      const before = this.#still.get(key);
      const sighting = before?.revision === revision ? before : { revision, atMs: now };
      still.set(key, sighting);
      if (now - sighting.atMs < graceMs) continue;
      if (await cursors.forget(entry))
        log.info({ reader, generation, partition }, 'reader removed: no mapping needs it');
    }
    this.#still = still;
  }

  /**
   * A needed reader can be missing after a crash at the wrong moment. It is registered where OUT has come to, or at the
   * beginning of what the log still has: rather too much is kept than too little.
   */
  async #restoreMissing(cluster: string, entries: readonly CursorEntry[]): Promise<void> {
    const { manager, cursors, topology, log } = this.#options;
    const reader = logReaders.cluster(cluster);
    const shape = await topology();
    const { generation } = shape;
    const known = new Set(
      entries
        .filter((entry) => entry.reader === reader && entry.generation === generation)
        .map((e) => e.partition),
    );
    if (shape.streams.every((_, partition) => known.has(partition))) return;
    const streams = await Promise.all(
      shape.streams.map(async (stream, partition) => {
        const out = streamNames.out(cluster, generation, partition);
        const checkpoint = await readCheckpoint(manager, out, subjects.out(cluster, generation, partition));
        const same = checkpoint?.position.incarnation === stream.incarnation;
        const lastSequence = same ? checkpoint.position.from - 1 : Math.max(stream.firstSequence - 1, 0);
        return { ...stream, lastSequence };
      }),
    );
    await cursors.register(reader, { ...shape, streams });
    log.warn({ reader, generation }, 'reader was missing and is registered again');
  }
}
