import type { PropertyName } from './property.ts';

export type ServerType = keyof typeof TYPES;

export const TYPES = {
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  suback: 9,
  unsuback: 11,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** Properties that a server may send, by packet (2.2.2.2). */
export const PLACES: Record<ServerType, readonly PropertyName[]> = {
  connack: [
    ...(['sessionExpiry', 'assignedClientId', 'serverKeepAlive', 'authenticationMethod'] as const),
    ...(['authenticationData', 'responseInformation', 'serverReference', 'reasonString'] as const),
    ...(['receiveMaximum', 'topicAliasMaximum', 'maximumQos', 'retainAvailable', 'userProperty'] as const),
    ...(['maximumPacketSize', 'wildcardSubscriptionAvailable', 'subscriptionIdentifiersAvailable'] as const),
    'sharedSubscriptionAvailable',
  ],
  publish: [
    ...(['payloadFormat', 'messageExpiry', 'contentType', 'responseTopic', 'correlationData'] as const),
    ...(['subscriptionIdentifier', 'topicAlias', 'userProperty'] as const),
  ],
  puback: ['reasonString', 'userProperty'],
  pubrec: ['reasonString', 'userProperty'],
  pubrel: ['reasonString', 'userProperty'],
  pubcomp: ['reasonString', 'userProperty'],
  suback: ['reasonString', 'userProperty'],
  unsuback: ['reasonString', 'userProperty'],
  pingresp: [],
  disconnect: ['serverReference', 'reasonString', 'userProperty'],
  auth: ['authenticationMethod', 'authenticationData', 'reasonString', 'userProperty'],
};

const RECEIPTS = [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const RELEASES = [0, 0x92];

/** Reason codes that a server may send, by packet. */
export const CODES: Record<ServerType, readonly number[]> = {
  connack: [
    ...[0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97],
    ...[0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f],
  ],
  publish: [],
  puback: RECEIPTS,
  pubrec: RECEIPTS,
  pubrel: RELEASES,
  pubcomp: RELEASES,
  suback: [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
  unsuback: [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
  pingresp: [],
  disconnect: [
    ...[0, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96],
    ...[0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2],
  ],
  auth: [0, 0x18, 0x19],
};
