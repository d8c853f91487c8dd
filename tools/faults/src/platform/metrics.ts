import type { Proc } from '@tributary/testing';

/** What a service counts that tells of a fault, with the words for it. */
const TELLING: Readonly<Record<string, string>> = {
  tributary_leases_lost_total: 'leases lost',
  tributary_nats_reconnects_total: 'reconnects to NATS',
  tributary_ingress_append_retries_total: 'appends sent again',
  tributary_ingress_append_failures_total: 'appends given up',
  tributary_ingress_connects_refused_total: 'connections refused',
  tributary_ingress_takeovers_total: 'takeovers of a client id',
  tributary_mapper_out_retries_total: 'writes to OUT sent again',
  tributary_egress_send_retries_total: 'sends to Kafka repeated',
  tributary_egress_driver_recycles_total: 'Kafka producers replaced',
  tributary_egress_dead_letters_total: 'dead letters',
  tributary_session_batches_resent_total: 'delivery batches sent again',
};

export type Counts = ReadonlyMap<string, number>;

const PATIENCE_MS = 2_000;

/** The sum of each metric over its labels; undefined if the service does not answer. */
export async function metricsOf(proc: Proc): Promise<Counts | undefined> {
  try {
    const response = await proc.get('/metrics', AbortSignal.timeout(PATIENCE_MS));
    return parseMetrics(await response.text());
  } catch {
    return undefined;
  }
}

/** The sums of a page in Prometheus' text format. */
export function parseMetrics(text: string): Counts {
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^([a-z_]+)(?:\{.*\})? (\S+)/.exec(line) ?? [];
    if (name !== '') sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

/** What was counted between two readings of a service, in words. A counter that began anew has counted all it says. */
export function telling(before: Counts | undefined, after: Counts | undefined): string[] {
  if (after === undefined) return [];
  const restarted = before?.get(START) !== after.get(START);
  return Object.entries(TELLING).flatMap(([name, words]) => {
    const count = (after.get(name) ?? 0) - (restarted ? 0 : (before?.get(name) ?? 0));
    return count > 0 ? [`${count} ${words}`] : [];
  });
}

const START = 'process_start_time_seconds';
