import { counter, gauge } from '../definition.ts';

/** What every service has, whatever it does. */
export const sharedMetrics = {
  tributary_component_ok: gauge('1 if a component the service needs is usable, 0 if not.', {
    labels: ['component'],
  }),
  tributary_nats_connected: gauge('1 while connected to NATS, 0 while reconnecting.', {
    labels: ['connection'],
  }),
  tributary_nats_reconnects_total: counter('Times the NATS connection was re-established.', {
    labels: ['connection'],
  }),
  tributary_leases_held: gauge('Leases held by this instance.', { labels: ['kind'] }),
  tributary_leases_lost_total: counter('Leases lost before they were released.', { labels: ['kind'] }),
  tributary_partition_halted: gauge(
    '1 while a partition is stopped by a finding and waits for somebody, else 0.',
    {
      labels: ['cluster', 'partition'],
    },
  ),
  process_cpu_seconds_total: counter('CPU time of the process.', { unit: 's', labels: ['mode'] }),
  process_resident_memory_bytes: gauge('Resident set size.', { unit: 'By' }),
  process_start_time_seconds: gauge('Start of the process, Unix time.', { unit: 's' }),
  nodejs_heap_used_bytes: gauge('JavaScript heap in use.', { unit: 'By' }),
  nodejs_external_memory_bytes: gauge('Memory of buffers outside the JavaScript heap.', { unit: 'By' }),
  nodejs_eventloop_delay_p99_seconds: gauge('99th percentile of event loop delay since the last scrape.', {
    unit: 's',
  }),
  nodejs_eventloop_utilization_ratio: gauge('Share of time the event loop was busy since the last scrape.'),
};
