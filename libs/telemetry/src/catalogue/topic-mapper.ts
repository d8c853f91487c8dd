import { counter, gauge } from '../definition.ts';

export const topicMapperMetrics = {
  tributary_mapper_envelopes_read_total: counter('Envelopes read from the log.', {
    labels: ['cluster', 'partition'],
  }),
  tributary_mapper_rows_read_total: counter('Rows read from the log.', { labels: ['cluster', 'partition'] }),
  tributary_mapper_records_total: counter('Records written to OUT.', { labels: ['cluster', 'partition'] }),
  tributary_mapper_unmatched_total: counter('PUBLISH rows that no route matched.', {
    labels: ['cluster', 'partition'],
  }),
  tributary_mapper_dead_letters_total: counter('Dead letters written to OUT, by the code of the reason.', {
    labels: ['cluster', 'code'],
  }),
  tributary_mapper_dropped_total: counter(
    'Messages a route could not map and drops by its policy, by the code of the reason.',
    { labels: ['cluster', 'code'] },
  ),
  tributary_mapper_replays_total: counter(
    'Requests to replay a dead letter that were done, by result: records, a letter again, the letter was gone or unreadable.',
    { labels: ['cluster', 'partition', 'result'] },
  ),
  tributary_mapper_blocked: gauge(
    '1 while a message that a route with `onError: block` cannot map holds the partition up, else 0.',
    { labels: ['cluster', 'partition'] },
  ),
  tributary_mapper_out_messages_total: counter('Messages written to OUT.', {
    labels: ['cluster', 'partition'],
  }),
  tributary_mapper_out_bytes_total: counter('Bytes written to OUT.', {
    unit: 'By',
    labels: ['cluster', 'partition'],
  }),
  tributary_mapper_out_retries_total: counter(
    'Writes to OUT sent again because no plain acknowledgement came.',
    {
      labels: ['cluster', 'partition'],
    },
  ),
  tributary_mapper_topic_cache_bytes: gauge('Bytes of the topic route cache.', {
    unit: 'By',
    labels: ['cluster'],
  }),
  tributary_mapper_topic_cache_hits_total: counter('Topics found in the route cache.', {
    labels: ['cluster'],
  }),
  tributary_mapper_topic_cache_misses_total: counter('Topics matched against the route trie.', {
    labels: ['cluster'],
  }),
  tributary_mapper_mapping_version: gauge('Mapping version in effect.', { labels: ['cluster', 'partition'] }),
  tributary_mapper_lost_messages: gauge(
    'Envelopes that a cluster that is not required did not get, since its reader was registered.',
    { unit: '{envelope}', labels: ['cluster', 'partition'] },
  ),
  tributary_mapper_log_lag: gauge('Envelopes between the end of the log and what OUT covers.', {
    unit: '{envelope}',
    labels: ['cluster', 'partition'],
  }),
};
