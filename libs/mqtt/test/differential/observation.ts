import { parser, type Packet } from 'mqtt-packet';

/** What came of a stream, in words that can be compared. */
export interface Observation {
  /** accepted, refused with a code, or closed without a CONNACK. */
  readonly connack: string;
  /** Answers and deliveries by packet type, each in its order. (Between types the order within a turn is free.) */
  readonly answers: Readonly<Record<string, readonly string[]>>;
  /** DISCONNECT with its reason, closed, or open. */
  readonly end: string;
  /** What the host was told, in its order; of our engines only. */
  readonly heard: readonly string[];
  /** Reason string of the DISCONNECT; for the reader of a difference. */
  readonly why: string;
}

/** Reads what a server sent. Topic aliases are put back into topics: one engine uses them, one does not. */
export function answersOf(
  bytes: Buffer,
  version: 3 | 4 | 5,
): Omit<Observation, 'heard' | 'end'> & { disconnect: string | null } {
  const packets: Packet[] = [];
  const reading = parser({ protocolVersion: version });
  let broken: string | null = null;
  reading.on('packet', (packet) => packets.push(packet));
  reading.on('error', (error: Error) => (broken = error.message));
  reading.parse(bytes);
  const answers: Record<string, string[]> = {};
  const aliases = new Map<number, string>();
  let connack = 'none';
  let disconnect: string | null = null;
  let why = '';
  for (const packet of packets) {
    if (packet.cmd === 'connack') {
      const code = packet.reasonCode ?? packet.returnCode ?? 0;
      connack = code === 0 ? 'accepted' : `refused ${code}`;
    } else if (packet.cmd === 'disconnect') {
      disconnect = `DISCONNECT ${packet.reasonCode ?? 0}`;
      why = packet.properties?.reasonString ?? '';
    }
    // What it takes to know that all has been answered is not an answer to the stream.
    else if (packet.cmd !== 'pingresp') (answers[packet.cmd] ??= []).push(answer(packet, aliases));
  }
  if (broken !== null) (answers['broken'] ??= []).push(broken);
  return { connack, answers, disconnect, why };
}

function answer(packet: Packet, aliases: Map<number, string>): string {
  switch (packet.cmd) {
    case 'publish': {
      const alias = packet.properties?.topicAlias;
      if (alias !== undefined && packet.topic !== '') aliases.set(alias, packet.topic);
      const topic = packet.topic === '' && alias !== undefined ? aliases.get(alias) : packet.topic;
      const { qos, retain, dup, payload } = packet;
      return `${topic} q${qos} r${Number(retain)} d${Number(dup)} #${packet.messageId ?? 0} ${Buffer.from(payload).toString('hex')}`;
    }
    case 'suback':
    case 'unsuback':
      return `#${packet.messageId ?? 0} ${JSON.stringify(packet.granted ?? [])}`;
    default:
      return `#${packet.messageId ?? 0} ${'reasonCode' in packet ? (packet.reasonCode ?? 0) : 0}`;
  }
}
