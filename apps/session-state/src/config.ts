import { commonSettings, defineSettings, logSettings, type Config } from '@tributary/service';

/** What session-state can be told, besides what every service and every user of the log can. */
export const sessionStateSettings = defineSettings({
  'log.optionalFill': {
    type: 'number',
    default: 0.8,
    min: 0.1,
    max: 1,
    doc: 'Share of log.maxBytes beyond which clusters with `required: false` that are behind are moved on, and lose what they have not read. 1: never.',
  },
  'log.purgeMs': {
    type: 'integer',
    unit: 'ms',
    default: 5_000,
    min: 100,
    max: 60_000,
    doc: 'How often what nobody needs any more is removed from the log. What comes in this time must fit above log.optionalFill.',
  },
  'routing.batchBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 1024 * 1024,
    min: 64 * 1024,
    doc: 'Envelopes taken from one partition of the log at a time.',
  },
  'routing.cacheBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 32 * 1024 * 1024,
    min: 0,
    doc: 'Bound of the cache that remembers who subscribes to a topic.',
  },
  'delivery.nodeBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 32 * 1024 * 1024,
    min: 1024 * 1024,
    doc: 'Deliveries one ingress node may leave unreported before QoS 0 is dropped for it. At twice this bound the node is taken for stuck and loses its lease.',
  },
  'delivery.resendMs': {
    type: 'integer',
    unit: 'ms',
    default: 1_000,
    min: 50,
    doc: 'Deliveries that a node has not reported for this long are sent again.',
  },
  'retained.maxBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 512 * 1024 * 1024,
    min: 1024 * 1024,
    doc: 'Bound of the retained messages in memory. Beyond it a new topic is not retained, and counted.',
  },
  'retained.tombstoneSeconds': {
    type: 'integer',
    unit: 's',
    default: 3_600,
    min: 60,
    doc: 'How long a cleared topic is remembered, so that an older value that arrives late does not come back.',
  },
  'sys.intervalSeconds': {
    type: 'integer',
    unit: 's',
    default: 10,
    min: 0,
    max: 3_600,
    doc: 'Time between two looks at the $SYS topics; what changed is sent. 0: no such topics.',
  },
  'subscribe.timeoutMs': {
    type: 'integer',
    unit: 'ms',
    default: 5_000,
    min: 100,
    doc: 'How long a SUBSCRIBE may wait until routing has caught up with the log.',
  },
  'sessions.maxBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 1024 * 1024 * 1024,
    min: 16 * 1024 * 1024,
    doc: 'Bound of the journal of sessions and their queues. A quarter of it is the most that all queues may hold: it is also held in memory, and what lives is written again when the journal is cleaned.',
  },
  'limits.queueMessages': {
    type: 'integer',
    default: 1_000,
    min: 1,
    max: 65_000,
    doc: 'QoS 1 and 2 messages that a session with a queue may hold, those on their way to the device included.',
  },
  'limits.queueBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 4 * 1024 * 1024,
    min: 1024,
    doc: 'Bytes that the queue of one session may hold; a single larger message is held all the same.',
  },
  'limits.queueWhenFull': {
    type: 'choice',
    values: ['newest', 'oldest'],
    default: 'newest',
    doc: 'What a full queue drops: the message that comes, or the oldest that was not sent yet. Only this session loses it, and it is counted.',
  },
  'limits.subscriptionsPerSession': {
    type: 'integer',
    default: 10_000,
    min: 1,
    doc: 'Topic filters one session may be subscribed to.',
  },
});

export const settings = { ...commonSettings, ...logSettings, ...sessionStateSettings };

export type SessionStateConfig = Config<typeof settings>;
