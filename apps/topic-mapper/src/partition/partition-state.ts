import type { Losses } from '@tributary/log';
import type { Blockage } from '../batch/envelope-mapper.ts';
import { resourceName, type ClusterPartition, type MapperContext } from './partition-context.ts';

interface Trouble {
  readonly kind: 'halted' | 'blocked';
  readonly code: string;
  readonly reason: string;
}

/** How a partition does: for health, metrics and the status. */
export class PartitionState implements Disposable {
  /** Mapping version in effect; 0 before the first. */
  version = 0;
  /** Last sequence of the log, as far as known. */
  logEnd = 0;
  /** What was given up of the log for this cluster and not there any more when its turn came. */
  lost: Losses | null = null;
  readonly #context: MapperContext;
  readonly #component: string;
  readonly #gauges = new DisposableStack();
  #stream: { readonly covered: number } | null = null;
  #trouble: Trouble | null = null;

  constructor(context: MapperContext, place: ClusterPartition) {
    const { metrics } = context;
    const labels = { cluster: place.cluster, partition: String(place.partition) };
    const gauges = this.#gauges;
    this.#context = context;
    this.#component = `mapper.${resourceName(place)}`;
    gauges.use(metrics.gauge('tributary_mapper_log_lag', labels, () => this.lag));
    gauges.use(metrics.gauge('tributary_mapper_lost_messages', labels, () => this.lost?.messages ?? 0));
    gauges.use(metrics.gauge('tributary_mapper_mapping_version', labels, () => this.version || undefined));
    gauges.use(
      metrics.gauge('tributary_partition_halted', labels, () => Number(this.#trouble?.kind === 'halted')),
    );
    gauges.use(
      metrics.gauge('tributary_mapper_blocked', labels, () => Number(this.#trouble?.kind === 'blocked')),
    );
  }

  /** Everything up to this log sequence is in OUT; undefined until that is known. */
  get covered(): number | undefined {
    return this.#stream?.covered;
  }

  get lag(): number | undefined {
    return this.covered === undefined ? undefined : Math.max(this.logEnd - this.covered, 0);
  }

  working(stream: { readonly covered: number }): void {
    this.#stream = stream;
    this.logEnd = Math.max(this.logEnd, stream.covered);
  }

  halted(code: string, reason: string): void {
    this.#set({ kind: 'halted', code, reason });
  }

  /** Null: it goes on. */
  blocked(blockage: Blockage | null): void {
    if (blockage === null) return this.#set(null);
    const { logSequence, row, route, code, message } = blockage;
    const reason = `route ${route} waits at log sequence ${logSequence}, row ${row}: ${message}`;
    this.#set({ kind: 'blocked', code, reason });
  }

  status(): unknown {
    const { covered, lag, version, logEnd, lost } = this;
    const trouble = this.#trouble ?? { kind: 'working' };
    return { covered, logEnd, lag, mapping: version, ...trouble, ...(lost && { lost }) };
  }

  [Symbol.dispose](): void {
    this.#set(null);
    this.#gauges.dispose();
  }

  #set(trouble: Trouble | null): void {
    const { health } = this.#context;
    this.#trouble = trouble;
    if (trouble === null) health.remove(this.#component);
    else health.set(this.#component, false, `${trouble.kind}, ${trouble.code}: ${trouble.reason}`);
  }
}
