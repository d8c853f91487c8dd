import { golden, type GoldenPacket } from './golden-packet.ts';

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
