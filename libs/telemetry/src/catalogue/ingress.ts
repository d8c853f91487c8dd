import { counter, durationBuckets, gauge, histogram } from '../definition.ts';

export const ingressMetrics = {
  tributary_ingress_connections: gauge('Device connections open now.', { labels: ['transport'] }),
  tributary_ingress_connections_opened_total: counter(
    'Connections accepted by a listener, before any CONNECT.',
    {
      labels: ['transport'],
    },
  ),
  tributary_ingress_connections_closed_total: counter('Connections closed, by how they ended.', {
    labels: ['how'],
  }),
  tributary_ingress_connects_accepted_total: counter(
    'CONNECT packets answered with success, by MQTT version.',
    {
      labels: ['protocol'],
    },
  ),
  tributary_ingress_connects_refused_total: counter('CONNECT packets refused, by reason.', {
    labels: ['reason'],
  }),
  tributary_ingress_reauthentications_total: counter(
    'Enhanced authentications of devices that were connected already, by how they ended.',
    { labels: ['result'] },
  ),
  tributary_ingress_packet_checks_refused_total: counter(
    'Connections closed because a packet failed the check made before the engine sees it.',
    { labels: ['reason'] },
  ),
  tributary_ingress_limited_total: counter(
    'Times a limit took effect, by limit. docs/limits.md says what each does.',
    { labels: ['limit'] },
  ),
  tributary_ingress_internal_errors_total: counter(
    'Errors where none is expected; each closed one connection and is in the log.',
  ),
  tributary_ingress_received_bytes_total: counter('Bytes read from device sockets.', { unit: 'By' }),
  tributary_ingress_published_total: counter('PUBLISH packets received from devices.', { labels: ['qos'] }),
  tributary_ingress_published_bytes_total: counter('Payload bytes of the PUBLISH packets received.', {
    unit: 'By',
  }),
  tributary_ingress_acknowledged_total: counter(
    'PUBLISH packets acknowledged after they were stored (PUBACK, PUBREC).',
    { labels: ['qos'] },
  ),
  tributary_ingress_refused_publishes_total: counter(
    'PUBLISH packets answered with a reason code of 0x80 or above, or by closing the connection.',
    { labels: ['reason'] },
  ),
  tributary_ingress_dropped_total: counter('QoS 0 PUBLISH packets dropped before the log, by reason.', {
    labels: ['reason'],
  }),
  tributary_ingress_repeated_total: counter(
    'QoS 2 PUBLISH packets that came again before their PUBREL and were not stored again.',
  ),
  tributary_ingress_wills_total: counter('Wills put into the log.'),
  tributary_ingress_takeovers_total: counter(
    'Connections closed because their client id connected anew, by where.',
    { labels: ['to'] },
  ),
  tributary_ingress_attaches_total: counter(
    'Connections attached to a session that outlives them, by whether it was there, or that could not be.',
    { labels: ['result'] },
  ),
  tributary_ingress_settlements_total: counter(
    'Entries of session queues that devices have settled: done, or received at QoS 2 with more to follow.',
    { labels: ['stage'] },
  ),
  tributary_ingress_settlements_waiting: gauge('Settled entries that session-state has not stored yet.'),
  tributary_ingress_connects_waiting: gauge('CONNECT packets that wait for their session record.'),
  tributary_ingress_appended_envelopes_total: counter('Envelopes stored in the log.', {
    labels: ['partition'],
  }),
  tributary_ingress_appended_rows_total: counter('Rows stored in the log.', { labels: ['partition'] }),
  tributary_ingress_appended_bytes_total: counter('Bytes of the envelopes stored in the log.', {
    unit: 'By',
    labels: ['partition'],
  }),
  tributary_ingress_append_retries_total: counter(
    'Appends sent again because no plain acknowledgement came.',
    {
      labels: ['partition'],
    },
  ),
  tributary_ingress_append_failures_total: counter(
    'Envelopes given up; the clients concerned were closed without an acknowledgement.',
    { labels: ['partition'] },
  ),
  tributary_ingress_append_duration_seconds: histogram('From sending an envelope to its acknowledgement.', {
    unit: 's',
    buckets: durationBuckets,
  }),
  tributary_ingress_commits_waiting: gauge('Acknowledgements of routes with ack: kafka owed to devices.'),
  tributary_ingress_commit_released_total: counter(
    'Acknowledgements that waited for Kafka and may leave: all is committed, or no route asks to wait any more.',
    { labels: ['reason'] },
  ),
  tributary_ingress_commit_timeouts_total: counter(
    'Acknowledgements that waited for Kafka for as long as they may.',
  ),
  tributary_ingress_commit_wait_seconds: histogram(
    'From the log to Kafka, for the oldest of the acknowledgements released together.',
    { unit: 's', buckets: durationBuckets },
  ),
  tributary_ingress_paused_sockets: gauge('Device sockets not read now because of back-pressure.'),
  tributary_ingress_pending_rows: gauge('Rows accepted and not yet stored.'),
  tributary_ingress_pending_bytes: gauge('Bytes of rows accepted and not yet stored.', { unit: 'By' }),
  tributary_ingress_subscribes_total: counter('Topic filters of SUBSCRIBE packets, by what was answered.', {
    labels: ['result'],
  }),
  tributary_ingress_unsubscribes_total: counter('Topic filters of UNSUBSCRIBE packets.'),
  tributary_ingress_delivery_batches_total: counter(
    'Batches of deliveries received from session-state, by outcome.',
    {
      labels: ['result'],
    },
  ),
  tributary_ingress_deliveries_total: counter('PUBLISH packets written to devices.', { labels: ['qos'] }),
  tributary_ingress_delivery_drops_total: counter('Deliveries dropped at this node, by reason.', {
    labels: ['reason'],
  }),
  tributary_ingress_delivery_pending_bytes: gauge('Bytes of deliveries waiting for a device or its window.', {
    unit: 'By',
  }),
};
