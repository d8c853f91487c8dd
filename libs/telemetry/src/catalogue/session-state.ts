import { counter, gauge } from '../definition.ts';

export const sessionStateMetrics = {
  tributary_session_rows_read_total: counter('Rows read from the log.', { labels: ['partition'] }),
  tributary_session_rows_matched_total: counter('Rows with at least one subscriber.', {
    labels: ['partition'],
  }),
  tributary_session_deliveries_total: counter('Deliveries addressed to subscribers.', { labels: ['qos'] }),
  tributary_session_batches_sent_total: counter('Delivery batches sent to nodes.'),
  tributary_session_batches_resent_total: counter('Delivery batches sent again after a gap was reported.'),
  tributary_session_batches_unreported: gauge('Delivery batches not yet reported as received.'),
  tributary_session_deliveries_dropped_total: counter('Deliveries given up, by reason.', {
    labels: ['reason'],
  }),
  tributary_session_clients: gauge('Clients known as connected.'),
  tributary_session_subscriptions: gauge('Subscriptions held.'),
  tributary_session_queues: gauge(
    'Sessions with a queue: those that outlive their connections, and members of shared subscriptions.',
  ),
  tributary_session_queued_messages: gauge(
    'QoS 1 and 2 messages in queues, those on their way to a device included.',
  ),
  tributary_session_queued_bytes: gauge('Bytes of the messages in queues.', { unit: 'By' }),
  tributary_session_queue_drops_total: counter(
    'Messages that left a queue without being delivered, or found no room in it.',
    {
      labels: ['reason'],
    },
  ),
  tributary_session_journal_bytes: gauge('Bytes of the journal of sessions, of sessions.maxBytes.', {
    unit: 'By',
  }),
  tributary_session_journal_retries_total: counter('Writes of the journal that had to be tried again.'),
  tributary_session_afterlives: gauge('Sessions without a connection, and wills, that wait for their time.'),
  tributary_session_wills_total: counter(
    'Wills published for devices whose node is gone, or that were delayed.',
  ),
  tributary_session_retained_messages: gauge('Retained messages held.'),
  tributary_session_retained_bytes: gauge('Bytes of the retained messages held.', { unit: 'By' }),
  tributary_session_topic_cache_bytes: gauge('Bytes of the topic match cache.', { unit: 'By' }),
  tributary_session_topic_cache_hits_total: counter('Topics found in the match cache.'),
  tributary_session_topic_cache_misses_total: counter('Topics matched against the subscription trie.'),
  tributary_session_log_bytes: gauge('Bytes that a partition of the log holds, of log.maxBytes.', {
    unit: 'By',
    labels: ['partition'],
  }),
  tributary_session_log_messages: gauge('Envelopes that a partition of the log holds.', {
    unit: '{envelope}',
    labels: ['partition'],
  }),
  tributary_session_log_given_up_messages_total: counter(
    'Envelopes given up for a cluster that is not required, because the log was short of room.',
    { unit: '{envelope}', labels: ['cluster', 'partition'] },
  ),
  tributary_session_log_lag: gauge('Envelopes between the end of the log and the cursor.', {
    unit: '{envelope}',
    labels: ['partition'],
  }),
};
