/** A vehicle as its topics name it. */
export interface Vehicle {
  readonly operator: string;
  readonly number: string;
}

// /hfp/v2/<journey_type>/<temporal_type>/<event_type>/<transport_mode>/<operator_id>/<vehicle_number>[/...]
const HFP = /^(\/hfp\/v2\/[^/]*\/[^/]*\/[^/]*\/[^/]*)\/([^/]+)\/([^/]+)/;
const PAYLOAD_NUMBER = /("veh"\s*:\s*)(\d+)/;

/** The vehicle that published on a topic; undefined if the topic is not HFP. */
export function vehicleOf(topic: string): Vehicle | undefined {
  const [, , operator, number] = HFP.exec(topic) ?? [];
  return operator === undefined || number === undefined ? undefined : { operator, number };
}

/**
 * Gives each copy of a fleet numbers of its own: copy 4 of vehicle 01913 is 401913, in topic and payload. Copy 0 is the
 * recorded fleet itself. Nothing else changes: the payload stays the recorded text around the number.
 */
export class Renumbering {
  /** More than any number of the recording. */
  readonly #stride: bigint;

  constructor(topics: Iterable<string>) {
    let widest = 1;
    for (const topic of topics) {
      const number = vehicleOf(topic)?.number;
      if (number !== undefined && isNumber(number)) widest = Math.max(widest, number.length);
    }
    this.#stride = 10n ** BigInt(widest);
  }

  number(recorded: string, copy: number): string {
    if (copy === 0) return recorded;
    // A name instead of a number gets a suffix.
    if (!isNumber(recorded)) return `${recorded}-${copy}`;
    return String(BigInt(recorded) + BigInt(copy) * this.#stride);
  }

  topic(recorded: string, copy: number): string {
    if (copy === 0) return recorded;
    const vehicle = vehicleOf(recorded);
    // What names no vehicle gets a level of its own.
    if (!vehicle) return `copy-${copy}${recorded.startsWith('/') ? '' : '/'}${recorded}`;
    return recorded.replace(
      HFP,
      (_, head: string, operator: string) => `${head}/${operator}/${this.number(vehicle.number, copy)}`,
    );
  }

  payload(recorded: string, topic: string, copy: number): string {
    const number = vehicleOf(topic)?.number;
    if (copy === 0 || number === undefined || !isNumber(number)) return recorded;
    return recorded.replace(PAYLOAD_NUMBER, (whole, label: string, digits: string) =>
      // A payload that speaks of another vehicle stays as it is.
      BigInt(digits) === BigInt(number) ? `${label}${this.number(digits, copy)}` : whole,
    );
  }
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}
