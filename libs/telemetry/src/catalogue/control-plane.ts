import { counter, gauge } from '../definition.ts';

export const controlPlaneMetrics = {
  tributary_control_applies_total: counter('Mapping files offered for application, by result.', {
    labels: ['result'],
  }),
  tributary_control_validations_total: counter('Mapping files validated, by result.', { labels: ['result'] }),
  tributary_control_mapping_version: gauge('Newest mapping version stored.'),
  tributary_control_dead_letters: gauge('Dead letters of a cluster, as every control-plane sees them.', {
    labels: ['cluster'],
  }),
  tributary_control_dead_letter_bytes: gauge('Bytes of the dead letters of a cluster.', {
    unit: 'By',
    labels: ['cluster'],
  }),
  tributary_control_dead_letter_oldest_seconds: gauge('Age of the oldest dead letter; 0 if there is none.', {
    unit: 's',
    labels: ['cluster'],
  }),
  tributary_control_replays_pending: gauge(
    'Requests to replay a dead letter that are not done, or that kafka-egress has not passed yet.',
    { labels: ['cluster'] },
  ),
  tributary_control_replay_oldest_seconds: gauge('Age of the oldest such request; 0 if there is none.', {
    unit: 's',
    labels: ['cluster'],
  }),
  tributary_control_letter_replays_total: counter('Dead letters whose replay was asked for.', {
    labels: ['cluster'],
  }),
  tributary_control_letters_discarded_total: counter('Dead letters that were discarded.', {
    labels: ['cluster'],
  }),
};
