import { NEVER_EXPIRES } from '@tributary/contracts';
import {
  commonSettings,
  defineSettings,
  environmentName,
  logSettings,
  SettingsError,
  type Config,
  type Service,
} from '@tributary/service';
import { limitSettings } from './limits/limit-settings.ts';

/** What an ingress node can be told, besides what every service and every user of the log can. */
export const ingressSettings = defineSettings({
  'mqtt.host': { type: 'string', default: '127.0.0.1', doc: 'Address to listen on for MQTT over TCP.' },
  'mqtt.port': {
    type: 'integer',
    default: 1883,
    min: 0,
    max: 65_535,
    doc: 'Port for MQTT over TCP; 0 takes a free one.',
  },
  'mqtt.engine': {
    type: 'choice',
    values: ['aedes', 'native'],
    default: 'native',
    doc: 'Implementation of the MQTT protocol: aedes, or a state machine and codec of our own.',
  },
  'mqtt.responseInformation': {
    type: 'string',
    default: '',
    pattern: /^[^+#\0]*$/,
    form: 'the beginning of a topic, without wildcards',
    doc: 'Told as Response Information to MQTT 5 devices that ask for it: where they may have responses sent, such as response/. Empty: nothing.',
  },
  'mqtt.checkPayloadFormat': {
    type: 'boolean',
    default: false,
    doc: 'Refuse MQTT 5 messages that say they are UTF-8 and are not (reason code 0x99); at QoS 0 they are dropped and counted.',
  },
  'drain.serverReference': {
    type: 'string',
    default: '',
    doc: 'Where a node that drains sends MQTT 5 devices (Server Reference), such as other.example:1883; empty: nowhere in particular.',
  },
  'drain.serverMoved': {
    type: 'boolean',
    default: false,
    doc: 'With drain.serverReference: devices shall stay there (reason code 0x9D) and not only for now (0x9C).',
  },
  'websocket.host': {
    type: 'string',
    default: '127.0.0.1',
    doc: 'Address to listen on for MQTT over WebSocket.',
  },
  'websocket.port': {
    type: 'integer',
    default: 8083,
    min: 0,
    max: 65_535,
    doc: 'Port for MQTT over WebSocket (path /mqtt); 0 takes a free one.',
  },
  'auth.anonymous': {
    type: 'boolean',
    default: true,
    doc: 'Let devices connect without credentials. Without auth.usersFile, false refuses everybody.',
  },
  'auth.usersFile': {
    type: 'string',
    default: '',
    doc: 'File of the users who may connect, by user name and password or (engine native) by SCRAM-SHA-256; empty: none. "npm run users -- add NAME" writes it. It is read again when it changes.',
  },
  ...limitSettings,
  'subscribe.refusedFilters': {
    type: 'list',
    default: [],
    doc: 'Topic filters that nobody may subscribe to, as they are written: `#`, for instance. A SUBSCRIBE for one of them, shared or not, gets reason code 0x80. What wider filters match is not affected.',
  },
  'connect.concurrency': {
    type: 'integer',
    default: 128,
    min: 1,
    max: 10_000,
    doc: 'Session records written at the same time; further CONNECTs wait their turn.',
  },
  'connect.timeoutMs': {
    type: 'integer',
    unit: 'ms',
    default: 8_000,
    min: 100,
    doc: 'A CONNECT that has not been admitted after this time is refused as "server unavailable". Longer than a lease, so that the device of a dead node gets in.',
  },
  'session.maxExpirySeconds': {
    type: 'integer',
    unit: 's',
    default: 604_800,
    min: 0,
    max: NEVER_EXPIRES,
    doc: 'Longest time a session outlives its connection. A device that asks for more, as one of MQTT 3.1.1 without clean session does, gets this; one of MQTT 5 is told. 0: no session does; 4294967295: any time, and for ever.',
  },
  'subscribe.timeoutMs': {
    type: 'integer',
    unit: 'ms',
    default: 10_000,
    min: 100,
    doc: 'A SUBSCRIBE that session-state has not answered after this time fails. Longer than a lease, so that another instance can take over meanwhile.',
  },
  'ack.kafkaTimeoutMs': {
    type: 'integer',
    unit: 'ms',
    default: 30_000,
    min: 100,
    max: 3_600_000,
    doc: 'How long an acknowledgement of a route with ack: kafka waits once its message is in the log. Then MQTT 5 gets reason code 0x97, and an MQTT 3.x connection is closed.',
  },
  'ack.maxWaiting': {
    type: 'integer',
    default: 100_000,
    min: 1,
    doc: 'Acknowledgements of a node that wait for Kafka; beyond it connections that wait for one are not read.',
  },
  'log.lingerMs': {
    type: 'number',
    unit: 'ms',
    default: 4,
    min: 0,
    max: 1_000,
    doc: 'Least time between two rounds of envelopes. What comes after a pause never waits.',
  },
  'log.giveUpMs': {
    type: 'integer',
    unit: 'ms',
    default: 50_000,
    min: 100,
    max: 1_799_000,
    doc: 'Less than half of log.duplicateWindowMs. How long an envelope is tried again before the devices concerned are closed without an acknowledgement.',
  },
  'log.highWaterBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 4 * 1024 * 1024,
    min: 64 * 1024,
    doc: 'Above this many unconfirmed bytes a partition makes the connections that send to it wait.',
  },
  'log.maxPendingBytes': {
    type: 'integer',
    unit: 'bytes',
    default: 64 * 1024 * 1024,
    min: 1024 * 1024,
    doc: 'Above this many unconfirmed bytes in all partitions no connection is read any more.',
  },
});

export const settings = { ...commonSettings, ...logSettings, ...ingressSettings };

export type IngressConfig = Config<typeof settings>;
export type IngressService = Service<typeof settings>;

/** What one setting alone cannot say. @throws SettingsError */
export function checkTogether(config: IngressConfig): void {
  const windowMs = config['log.duplicateWindowMs'];
  if (config['log.giveUpMs'] < windowMs / 2) return;
  const setting = 'log.giveUpMs';
  const message = `${setting} must be less than half of log.duplicateWindowMs, which is ${windowMs}: an envelope that is sent again later would be stored twice`;
  throw new SettingsError([{ setting, source: environmentName(setting), message }]);
}
