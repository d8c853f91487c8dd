import { commonSettings, defineSettings, logSettings, type Config } from '@tributary/service';

const MIB = 1024 * 1024;

/** What the mapper can be told, besides what every service and every user of the log can. */
export const mapperSettings = defineSettings({
  'mapper.cacheBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 64 * MIB,
    min: 0,
    doc: 'Bound of the cache that remembers what the routes of one cluster do with a topic.',
  },
  'mapper.lingerMs': {
    type: 'number',
    unit: 'ms',
    default: 4,
    min: 0,
    max: 1_000,
    doc: 'Least time between two rounds of messages to OUT. What comes after a pause never waits.',
  },
  'mapper.bufferBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 2 * MIB,
    min: 64 * 1024,
    doc: 'How far each cluster and partition reads ahead of the mapping.',
  },
});

export const settings = { ...commonSettings, ...logSettings, ...mapperSettings };

export type MapperConfig = Config<typeof settings>;
