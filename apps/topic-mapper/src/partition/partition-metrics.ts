import type { Counter, Metrics } from '@tributary/telemetry';
import type { MapperCounts } from '../batch/envelope-mapper.ts';
import type { Part } from '../batch/part-cutter.ts';

/** The cells that one partition of one cluster counts in. */
export class PartitionMetrics {
  readonly outRetries: Counter;
  readonly #metrics: Metrics;
  readonly #cluster: string;
  readonly #place: { readonly cluster: string; readonly partition: string };
  readonly #envelopes: Counter;
  readonly #rows: Counter;
  readonly #unmatched: Counter;
  readonly #records: Counter;
  readonly #outMessages: Counter;
  readonly #outBytes: Counter;
  readonly #told = { envelopes: 0, rows: 0, unmatched: 0, dropped: new Map<string, number>() };

  constructor(metrics: Metrics, cluster: string, partition: number) {
    const place = { cluster, partition: String(partition) };
    this.#metrics = metrics;
    this.#cluster = cluster;
    this.#place = place;
    this.#envelopes = metrics.counter('tributary_mapper_envelopes_read_total', place);
    this.#rows = metrics.counter('tributary_mapper_rows_read_total', place);
    this.#unmatched = metrics.counter('tributary_mapper_unmatched_total', place);
    this.#records = metrics.counter('tributary_mapper_records_total', place);
    this.#outMessages = metrics.counter('tributary_mapper_out_messages_total', place);
    this.#outBytes = metrics.counter('tributary_mapper_out_bytes_total', place);
    this.outRetries = metrics.counter('tributary_mapper_out_retries_total', place);
  }

  /** Adds what was mapped since the last call: once per batch, the hot path only counts in plain numbers. */
  mapped(counts: MapperCounts): void {
    const told = this.#told;
    this.#envelopes.add(counts.envelopes - told.envelopes);
    this.#rows.add(counts.rows - told.rows);
    this.#unmatched.add(counts.unmatched - told.unmatched);
    told.envelopes = counts.envelopes;
    told.rows = counts.rows;
    told.unmatched = counts.unmatched;
    for (const [code, count] of counts.dropped) {
      const labels = { cluster: this.#cluster, code };
      this.#metrics
        .counter('tributary_mapper_dropped_total', labels)
        .add(count - (told.dropped.get(code) ?? 0));
      told.dropped.set(code, count);
    }
  }

  stored({ data, records, deadLetters }: Part): void {
    this.#outMessages.add();
    this.#outBytes.add(data.length);
    this.#records.add(records);
    if (deadLetters === null) return;
    for (const [code, count] of deadLetters) {
      this.#metrics
        .counter('tributary_mapper_dead_letters_total', { cluster: this.#cluster, code })
        .add(count);
    }
  }

  /** A request to replay a dead letter is done: with records, or with a letter again; or there was nothing to do. */
  replayed(result: 'records' | 'letter' | 'gone' | 'unreadable'): void {
    this.#metrics.counter('tributary_mapper_replays_total', { ...this.#place, result }).add();
  }
}
