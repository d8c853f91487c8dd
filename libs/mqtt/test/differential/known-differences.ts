import { isDeepStrictEqual } from 'node:util';
import type { ByteStream } from './byte-stream.ts';
import type { Observation } from './observation.ts';

interface KnownDifference {
  /** What differs, and why it may. */
  readonly name: string;
  readonly applies: (stream: ByteStream, native: Observation, aedes: Observation) => boolean;
}

/** Each is an exception of the aedes engine. Nothing else may differ. */
const known: readonly KnownDifference[] = [
  {
    name: 'aedes offers no shared subscriptions: it says so in CONNACK and in SUBACK',
    applies: (_, native) =>
      native.heard.some((line) => line.startsWith('subscribe') && line.includes('"$share/')),
  },
  {
    name: 'aedes cannot take the filter __proto__ beside others: DISCONNECT 0x8F',
    applies: ({ bytes }, native, aedes) =>
      bytes.includes('__proto__') &&
      native.heard.some((line) => line.startsWith('subscribe')) &&
      aedes.end !== 'open',
  },
  {
    name: 'aedes itself answers an alias without a topic, and later: packets read with it are processed, or their faults come first',
    applies: (_, native, aedes) => {
      const before = native.heard.slice(0, -1);
      const ended = native.end === 'DISCONNECT 148' && aedes.end !== 'open';
      return ended && isDeepStrictEqual(aedes.heard.slice(0, before.length), before);
    },
  },
];

/** The name of the difference, or null: then it is a finding. */
export function knownDifference(stream: ByteStream, native: Observation, aedes: Observation): string | null {
  return known.find(({ applies }) => applies(stream, native, aedes))?.name ?? null;
}
