import type { Observation } from './observation.ts';

/** How our engine and Mosquitto differ about a stream; null: they do not. */
export interface Verdict {
  readonly name: string;
  /** We end what they let pass: always by a clause, which our reason names. The other way round it is a finding. */
  readonly isStricter: boolean;
}

/** Where Mosquitto 2.0.11 ends a connection and we do not, and why we need not. */
const THEIRS: readonly (readonly [name: string, applies: (ours: Observation) => boolean])[] = [
  [
    'they end a client that acknowledges what was not sent; MQTT has no rule',
    ({ heard }) => heard.some((line) => /^pub(ack|rec|comp) /.test(line)),
  ],
  [
    'they end a client that sends a QoS 2 message again before PUBREL; [MQTT-4.3.3-10] wants a PUBREC',
    ({ heard }) => {
      const sent = heard.filter((line) => line.startsWith('publish') && line.includes('"qos":2'));
      return new Set(sent).size < sent.length;
    },
  ],
];

export function verdictOf(ours: Observation, theirs: Observation): Verdict | null {
  const [here, there] = [ours.end === 'open', theirs.end === 'open'];
  if (here === there) return null;
  if (there) return { name: `we end it: ${ours.why || reasonOf(ours)}`, isStricter: true };
  const known = THEIRS.find(([, applies]) => applies(ours));
  return { name: known?.[0] ?? 'they end it', isStricter: known !== undefined };
}

/** MQTT 3 is told nothing, and who is not accepted hears CONNACK; the host knows the code. */
function reasonOf({ connack, heard }: Observation): string {
  const reason = /"reason":(\d+)/.exec(heard.at(-1) ?? '')?.[1];
  return reason === undefined ? `CONNECT ${connack}` : `reason code 0x${Number(reason).toString(16)}`;
}
