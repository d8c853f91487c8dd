/** What a variable depends on: a value that follows from the topic is worked out once per topic. */
export type Dependence = 'topic' | 'message';

interface Variable {
  readonly type: string;
  readonly dependsOn: Dependence;
  /** For the reference. */
  readonly about: string;
}

export const PROPERTIES_TYPE = 'MqttProperties';
export const TIMESTAMP_TYPE = 'google.protobuf.Timestamp';

/** The names every expression may use besides the captures of its route. */
export const variables = {
  topic: { type: 'string', dependsOn: 'topic', about: 'the MQTT topic' },
  rest: { type: 'string', dependsOn: 'topic', about: 'what a trailing `#` stands for' },
  payload: { type: 'dyn', dependsOn: 'message', about: 'the payload read as JSON' },
  payloadText: { type: 'string', dependsOn: 'message', about: 'the payload read as UTF-8 text' },
  qos: { type: 'int', dependsOn: 'message', about: 'the QoS of the publish: 0, 1 or 2' },
  retain: { type: 'bool', dependsOn: 'message', about: 'the retain flag' },
  client: { type: 'string', dependsOn: 'message', about: 'the client id of the publisher' },
  properties: { type: PROPERTIES_TYPE, dependsOn: 'message', about: 'the MQTT 5 properties' },
  received: { type: TIMESTAMP_TYPE, dependsOn: 'message', about: 'when the gateway received the message' },
} satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;

export function isVariable(name: string): name is VariableName {
  return Object.hasOwn(variables, name);
}

/** What `properties` offers. A property that the message lacks is absent: ask with `has(properties.x)`. */
export const propertyFields = {
  contentType: 'string',
  responseTopic: 'string',
  correlationData: 'bytes',
  messageExpiry: 'int',
  payloadFormat: 'int',
  user: 'map<string, string>',
} as const;
