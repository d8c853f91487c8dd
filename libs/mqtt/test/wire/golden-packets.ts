import { golden, type GoldenPacket } from './golden-packet.ts';

const plain = { dup: false, retain: false, properties: '' };

export const goldenPackets: readonly GoldenPacket[] = [
  golden(
    'PUBLISH at QoS 0',
    4,
    `30 05                ; PUBLISH, 5 bytes
     00 01 74             ; topic "t"
     68 69                ; payload`,
    { publish: { ...plain, topic: 't', payload: '6869', qos: 0, packetId: 0 } },
  ),
  golden(
    'PUBLISH at QoS 1 with DUP and RETAIN',
    3,
    `3b 05                ; PUBLISH, DUP, QoS 1, RETAIN, 5 bytes
     00 01 74             ; topic "t"
     ff ff                ; packet identifier 65535, no payload`,
    { publish: { ...plain, dup: true, retain: true, topic: 't', payload: '', qos: 1, packetId: 65535 } },
  ),
  golden(
    'PUBLISH at QoS 2, remaining length of two bytes for its own sake',
    4,
    `34 81 01             ; PUBLISH, QoS 2, 129 bytes
     00 02 2f2f           ; topic "//"
     00 01                ; packet identifier 1
     ${'61'.repeat(123)}  ; payload`,
    { publish: { ...plain, topic: '//', payload: '61'.repeat(123), qos: 2, packetId: 1 } },
  ),
  golden(
    'PUBLISH of MQTT 5 without properties',
    5,
    `32 07                ; PUBLISH, QoS 1, 7 bytes
     00 01 74             ; topic "t"
     00 0a                ; packet identifier 10
     00                   ; no properties
     78                   ; payload`,
    { publish: { ...plain, topic: 't', payload: '78', qos: 1, packetId: 10 } },
  ),
  golden(
    'PUBLISH of MQTT 5 with every property',
    5,
    `30 30                ; PUBLISH, 48 bytes
     00 01 74             ; topic "t"
     2a                   ; 42 bytes of properties
     01 01                ; payload format: text
     02 00000009          ; message expiry 9 s
     03 0004 746578 74    ; content type "text"
     08 0003 612f62       ; response topic "a/b"
     09 0002 00ff         ; correlation data
     26 0001 62 0001 31   ; user property b: 1
     26 0001 61 0001 32   ; user property a: 2
     23 0001              ; topic alias 1
     68 69                ; payload`,
    {
      publish: {
        ...plain,
        topic: 't',
        payload: '6869',
        qos: 0,
        packetId: 0,
        // As it stands, without the alias.
        properties:
          '0101020000000903000474657874080003612f62090002 00ff26000162000131260001610001 32'.replaceAll(
            ' ',
            '',
          ),
      },
    },
  ),
  golden('PUBACK', 4, `40 02 00 0a ; PUBACK for 10`, { acknowledged: 'puback 10 0' }),
  golden('PUBACK of MQTT 5 with a reason', 5, `40 03 00 0a 80 ; PUBACK for 10: unspecified error`, {
    acknowledged: 'puback 10 128',
  }),
  golden(
    'PUBACK of MQTT 5 with a reason string and a user property',
    5,
    `40 0f                ; PUBACK, 15 bytes
     00 0a 97             ; for 10: quota exceeded
     0b                   ; 11 bytes of properties
     1f 0001 6e           ; reason string "n"
     26 0001 61 0001 62   ; user property a: b`,
    { acknowledged: 'puback 10 151' },
  ),
  golden('PUBREC', 3, `50 02 01 00 ; PUBREC for 256`, { acknowledged: 'pubrec 256 0' }),
  golden(
    'PUBREC of MQTT 5 with a reason',
    5,
    `50 04 01 00 83 00 ; PUBREC for 256: implementation, no properties`,
    {
      acknowledged: 'pubrec 256 131',
    },
  ),
  golden('PUBREL', 4, `62 02 00 07 ; PUBREL for 7, flags 0010`, { released: 7 }),
  golden('PUBREL of MQTT 5 with a reason', 5, `62 03 00 07 92 ; PUBREL for 7: packet identifier not found`, {
    released: 7,
  }),
  golden('PUBCOMP', 4, `70 02 00 07 ; PUBCOMP for 7`, { acknowledged: 'pubcomp 7 0' }),
  golden('PUBCOMP of MQTT 5 with a reason', 5, `70 03 00 07 92 ; PUBCOMP for 7: not found`, {
    acknowledged: 'pubcomp 7 146',
  }),
  golden(
    'SUBSCRIBE',
    4,
    `82 0d                ; SUBSCRIBE, flags 0010, 13 bytes
     00 01                ; packet identifier 1
     00 03 612f2b 01      ; "a/+" at QoS 1
     00 02 2f23 02        ; "/#" at QoS 2`,
    {
      subscribe: {
        packetId: 1,
        subscriptionIdentifier: 0,
        subscriptions: [
          { filter: 'a/+', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
          { filter: '/#', qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 },
        ],
      },
    },
  ),
  golden(
    'SUBSCRIBE of MQTT 5 with an identifier and all options',
    5,
    `82 17                ; SUBSCRIBE, 23 bytes
     ff ff                ; packet identifier 65535
     0c                   ; 12 bytes of properties
     0b ffffff7f          ; subscription identifier 268435455
     26 0001 61 0001 62   ; user property a: b
     00 01 23 2e          ; "#" at QoS 2, no local, retain as published, retain handling 2
     00 01 2b 11          ; "+" at QoS 1, retain handling 1`,
    {
      subscribe: {
        packetId: 65535,
        subscriptionIdentifier: 268_435_455,
        subscriptions: [
          { filter: '#', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
          { filter: '+', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 1 },
        ],
      },
    },
  ),
  golden(
    'UNSUBSCRIBE',
    3,
    `a2 07                ; UNSUBSCRIBE, flags 0010, 7 bytes
     00 02                ; packet identifier 2
     00 03 612f2b         ; "a/+"`,
    { unsubscribe: { packetId: 2, filters: ['a/+'] } },
  ),
  golden(
    'UNSUBSCRIBE of MQTT 5',
    5,
    `a2 10                ; UNSUBSCRIBE, 16 bytes
     00 02                ; packet identifier 2
     07                   ; 7 bytes of properties
     26 0001 61 0001 62   ; user property a: b
     00 01 61             ; "a"
     00 01 62             ; "b"`,
    { unsubscribe: { packetId: 2, filters: ['a', 'b'] } },
  ),
  golden('PINGREQ', 4, `c0 00 ; PINGREQ`, {}),
  golden('DISCONNECT', 4, `e0 00 ; DISCONNECT`, { closed: 'clean 0' }),
  golden('DISCONNECT of MQTT 5, short', 5, `e0 00 ; DISCONNECT: normal`, { closed: 'clean 0' }),
  golden('DISCONNECT of MQTT 5 with the will', 5, `e0 01 04 ; DISCONNECT with will message`, {
    closed: 'with-will 4',
  }),
  golden(
    'DISCONNECT of MQTT 5 with everything',
    5,
    `e0 12                ; DISCONNECT, 18 bytes
     00                   ; normal
     10                   ; 16 bytes of properties
     11 00000000          ; session expiry 0
     1f 0001 62           ; reason string "b"
     26 0001 61 0001 62   ; user property a: b`,
    { closed: 'clean 0', sessionExpiry: 0 },
  ),
];
