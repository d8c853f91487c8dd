/**
 * Packets of clients byte by byte, derived by hand from the specifications (MQTT 3.1.1 and 5, chapter 3), and what they
 * mean. Each line: bytes in hexadecimal, and behind the semicolon what they are.
 */
export interface GoldenPacket {
  readonly name: string;
  readonly version: 3 | 4 | 5;
  readonly bytes: Buffer;
  /** What the host hears of it; see golden-packets.test.ts. */
  readonly heard: Readonly<Record<string, unknown>>;
}

function golden(name: string, version: 3 | 4 | 5, lines: string, heard: GoldenPacket['heard']): GoldenPacket {
  const digits = lines
    .split('\n')
    .map((line) => line.split(';')[0] ?? '')
    .join('')
    .replaceAll(/\s/g, '');
  return { name, version, bytes: Buffer.from(digits, 'hex'), heard };
}

const NO_WILL = { username: undefined, password: undefined, will: undefined };

export const goldenConnects: readonly GoldenPacket[] = [
  golden(
    'CONNECT of MQTT 3.1',
    3,
    `10 0f                ; CONNECT, 15 bytes
     00 06 4d5149736470   ; "MQIsdp"
     03                   ; level 3
     02                   ; clean session
     00 0a                ; keep-alive 10 s
     00 01 61             ; client "a"`,
    { ...NO_WILL, protocolVersion: 3, cleanStart: true, keepAlive: 10, clientId: 'a', sessionExpiry: 0 },
  ),
  golden(
    'CONNECT of MQTT 3.1.1, everything',
    4,
    `10 1d                ; CONNECT, 29 bytes
     00 04 4d515454       ; "MQTT"
     04                   ; level 4
     f4                   ; user name, password, will retain, will QoS 2, will, no clean session
     ff ff                ; keep-alive 65535 s
     00 02 c3a4           ; client "ä"
     00 03 772f78         ; will topic "w/x"
     00 02 00ff           ; will payload
     00 01 75             ; user name "u"
     00 01 00             ; password, one byte 0`,
    {
      protocolVersion: 4,
      cleanStart: false,
      keepAlive: 65535,
      clientId: 'ä',
      sessionExpiry: 0xffffffff,
      username: 'u',
      password: '00',
      will: { topic: 'w/x', payload: '00ff', qos: 2, retain: true, properties: '', delay: 0 },
    },
  ),
  golden(
    'CONNECT of MQTT 5 without properties',
    5,
    `10 0e                ; CONNECT, 14 bytes
     00 04 4d515454 05    ; "MQTT", level 5
     02 00 00             ; clean start, no keep-alive
     00                   ; no properties
     00 01 61             ; client "a"`,
    {
      ...NO_WILL,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      sessionExpiry: 0,
      receiveMaximum: 65535,
      maximumPacketSize: 0,
      topicAliasMaximum: 0,
      requestProblemInformation: true,
      userProperties: [],
    },
  ),
  golden(
    'CONNECT of MQTT 5, everything',
    5,
    `10 57                ; CONNECT, 87 bytes
     00 04 4d515454 05    ; "MQTT", level 5
     ec                   ; user name, password, will retain, will QoS 1, will, no clean start
     00 3c                ; keep-alive 60 s
     21                   ; 33 bytes of properties
     11 ffffffff          ; session expiry: never
     21 0014              ; receive maximum 20
     27 00010000          ; maximum packet size 65536
     22 000a              ; topic alias maximum 10
     19 01                ; request response information
     17 00                ; no problem information
     26 0001 62 0001 31   ; user property b: 1
     26 0001 61 0000      ; user property a: empty
     00 01 63             ; client "c"
     1a                   ; 26 bytes of will properties
     01 01                ; payload format: text
     18 0000003c          ; will delay 60 s
     02 00000e10          ; message expiry 3600 s
     03 0001 74           ; content type "t"
     08 0001 72           ; response topic "r"
     09 0003 00ff00       ; correlation data
     00 01 77             ; will topic "w"
     00 00                ; will payload, empty
     00 02 c3bc           ; user name "ü"
     00 02 feff           ; password, not text`,
    {
      protocolVersion: 5,
      cleanStart: false,
      keepAlive: 60,
      clientId: 'c',
      username: 'ü',
      password: 'feff',
      sessionExpiry: 0xffffffff,
      receiveMaximum: 20,
      maximumPacketSize: 65536,
      topicAliasMaximum: 10,
      requestProblemInformation: false,
      userProperties: [
        ['b', '1'],
        ['a', ''],
      ],
      will: {
        topic: 'w',
        payload: '',
        qos: 1,
        retain: true,
        // Without the delay, which is the host's to keep.
        properties: '01010200000e1003000174080001720900 0300ff00'.replace(' ', ''),
        delay: 60,
      },
    },
  ),
];

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
