import { commonSettings, defineSettings, logSettings, type Config } from '@tributary/service';

/** What the control plane can be told, besides what every service and every user of the log can. */
export const controlSettings = defineSettings({
  'readers.graceMs': {
    type: 'integer',
    unit: 'ms',
    default: 60_000,
    min: 200,
    doc: 'How long a reader of the log that the active mapping does not need is kept. Applying a mapping may take half as long.',
  },
});

export const settings = { ...commonSettings, ...logSettings, ...controlSettings };

export type ControlConfig = Config<typeof settings>;
