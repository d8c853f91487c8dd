import { RECEIVE_MAXIMUM, type Target, type TargetName } from '../target/target.ts';

/** What the suite cannot find out by itself, in the words of its SUT file. */
interface Capabilities {
  readonly shared_subscription_available: boolean;
  readonly topic_alias_maximum: number;
  readonly server_receive_maximum: number;
  readonly maximum_packet_size: number;
  readonly dollar_sys_publish: boolean;
  readonly strict_client_id_charset: boolean;
  readonly methods: readonly string[];
}

const tributary: Capabilities = {
  shared_subscription_available: true,
  topic_alias_maximum: 8,
  server_receive_maximum: RECEIVE_MAXIMUM,
  maximum_packet_size: 960 * 1024,
  dollar_sys_publish: false,
  strict_client_id_charset: false,
  methods: [],
};

const CAPABILITIES: Record<TargetName, Capabilities> = {
  native: tributary,
  aedes: { ...tributary, shared_subscription_available: false },
  mosquitto: {
    shared_subscription_available: true,
    topic_alias_maximum: 10,
    server_receive_maximum: RECEIVE_MAXIMUM,
    maximum_packet_size: 268_435_456,
    dollar_sys_publish: false,
    strict_client_id_charset: false,
    methods: [],
  },
};

/** The descriptor that mqtt5-conformance wants of a system under test. */
export function sutFile({ kind, name, host, port, websocket }: Target): string {
  const { methods, ...capabilities } = CAPABILITIES[kind];
  return [
    `name = "${name}"`,
    `address = "mqtt://${host}:${port}"`,
    `ws_address = "${websocket}"`,
    '',
    '[capabilities]',
    ...Object.entries(capabilities).map(([key, value]) => `${key} = ${value}`),
    '',
    '[capabilities.transports]',
    'tcp = true',
    'websocket = true',
    '',
    '[capabilities.enhanced_auth]',
    `methods = [${methods.map((method) => `"${method}"`).join(', ')}]`,
    '',
  ].join('\n');
}
