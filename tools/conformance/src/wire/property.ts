/**
 * MQTT 5 properties (2.2.2.2), written from the specification and sharing nothing with libs/mqtt: what our codec and this
 * one agree on was understood the same way twice.
 */
export const P = {
  payloadFormat: 0x01,
  messageExpiry: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  sessionExpiry: 0x11,
  assignedClientId: 0x12,
  serverKeepAlive: 0x13,
  authenticationMethod: 0x15,
  authenticationData: 0x16,
  requestProblemInformation: 0x17,
  willDelay: 0x18,
  requestResponseInformation: 0x19,
  responseInformation: 0x1a,
  serverReference: 0x1c,
  reasonString: 0x1f,
  receiveMaximum: 0x21,
  topicAliasMaximum: 0x22,
  topicAlias: 0x23,
  maximumQos: 0x24,
  retainAvailable: 0x25,
  userProperty: 0x26,
  maximumPacketSize: 0x27,
  wildcardSubscriptionAvailable: 0x28,
  subscriptionIdentifiersAvailable: 0x29,
  sharedSubscriptionAvailable: 0x2a,
} as const;

export type PropertyName = keyof typeof P;
type Kind = 'byte' | 'two' | 'four' | 'variable' | 'text' | 'binary' | 'pair';

const KINDS: Record<PropertyName, Kind> = {
  payloadFormat: 'byte',
  messageExpiry: 'four',
  contentType: 'text',
  responseTopic: 'text',
  correlationData: 'binary',
  subscriptionIdentifier: 'variable',
  sessionExpiry: 'four',
  assignedClientId: 'text',
  serverKeepAlive: 'two',
  authenticationMethod: 'text',
  authenticationData: 'binary',
  requestProblemInformation: 'byte',
  willDelay: 'four',
  requestResponseInformation: 'byte',
  responseInformation: 'text',
  serverReference: 'text',
  reasonString: 'text',
  receiveMaximum: 'two',
  topicAliasMaximum: 'two',
  topicAlias: 'two',
  maximumQos: 'byte',
  retainAvailable: 'byte',
  userProperty: 'pair',
  maximumPacketSize: 'four',
  wildcardSubscriptionAvailable: 'byte',
  subscriptionIdentifiersAvailable: 'byte',
  sharedSubscriptionAvailable: 'byte',
};

export type PropertyValue = number | string | Buffer | readonly [string, string];
/** In the order in which they stand in the packet. */
export type Properties = readonly (readonly [PropertyName, PropertyValue])[];

export function kindOf(name: PropertyName): Kind {
  return KINDS[name];
}

export function nameOf(id: number): PropertyName | undefined {
  return (Object.keys(P) as PropertyName[]).find((name) => P[name] === id);
}
