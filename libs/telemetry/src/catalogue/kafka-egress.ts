import { counter, durationBuckets, gauge, histogram } from '../definition.ts';

export const kafkaEgressMetrics = {
  tributary_egress_records_total: counter('Records that Kafka acknowledged.', {
    labels: ['cluster', 'partition'],
  }),
  tributary_egress_record_bytes_total: counter(
    'Key and value bytes of the records that Kafka acknowledged.',
    {
      unit: 'By',
      labels: ['cluster', 'partition'],
    },
  ),
  tributary_egress_sends_total: counter('Produce calls to the driver.', { labels: ['cluster'] }),
  tributary_egress_send_shares_total: counter(
    'Partitions that took part in a produce call, summed over the calls: by the calls, how many share one.',
    { labels: ['cluster'] },
  ),
  tributary_egress_send_retries_total: counter(
    'Produce calls repeated, by the code of the failure. Retries inside a driver are counted too.',
    { labels: ['cluster', 'code'] },
  ),
  tributary_egress_driver_recycles_total: counter('Producers discarded and built anew.', {
    labels: ['cluster'],
  }),
  tributary_egress_send_duration_seconds: histogram('From a produce call to its acknowledgement.', {
    unit: 's',
    labels: ['cluster'],
    buckets: durationBuckets,
  }),
  tributary_egress_commit_latency_seconds: histogram(
    "From the receipt of a batch's oldest PUBLISH to its commit in Kafka.",
    { unit: 's', labels: ['cluster'], buckets: durationBuckets },
  ),
  tributary_egress_dead_letters_total: counter('Dead letters stored, by the code of the reason.', {
    labels: ['cluster', 'code'],
  }),
  tributary_egress_position: gauge('Log sequence committed to the position topic.', {
    labels: ['cluster', 'partition'],
  }),
  tributary_egress_watermark: gauge(
    'Log sequence up to which everything is in Kafka, among the dead letters, or gave nothing.',
    {
      labels: ['cluster', 'partition'],
    },
  ),
  tributary_egress_log_lag: gauge('Log sequences not yet committed, whether mapped or not.', {
    labels: ['cluster', 'partition'],
  }),
  tributary_egress_out_bytes: gauge(
    'Bytes that OUT holds: those not yet committed, and the last message that is.',
    {
      unit: 'By',
      labels: ['cluster', 'partition'],
    },
  ),
  tributary_egress_out_lag: gauge('OUT messages not yet committed.', {
    unit: '{message}',
    labels: ['cluster', 'partition'],
  }),
  tributary_egress_oldest_record_age_seconds: gauge(
    'Time since the oldest record not yet committed was received from its device, 0 if none waits. While records flow it is looked at every five seconds.',
    { unit: 's', labels: ['cluster', 'partition'] },
  ),
  tributary_egress_trims_total: counter('Times OUT was trimmed up to the committed position.', {
    labels: ['cluster', 'partition'],
  }),
  tributary_egress_blocked_partitions: gauge('Partitions held up by a record, a finding or a full store.', {
    labels: ['cluster'],
  }),
};
