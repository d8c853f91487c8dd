import { counter, gauge } from '../definition.ts';

export const controlPlaneMetrics = {
  tributary_control_applies_total: counter('Mapping files offered for application, by result.', {
    labels: ['result'],
  }),
  tributary_control_validations_total: counter('Mapping files validated, by result.', { labels: ['result'] }),
  tributary_control_mapping_version: gauge('Newest mapping version stored.'),
};
