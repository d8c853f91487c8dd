/** What a consumer says of a message that it delivers. */
export interface DeliveredAs {
  /** Position in the stream. */
  sequence: number;
  /** Number that the consumer gave it, from 1 on, without holes. */
  delivery: number;
  /** When the server stored it, milliseconds since the epoch. */
  storedAtMs(): number;
}

/**
 * What the reply subject of a delivered message says: $JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.
 * delivery.nanoseconds.pending[.random], the bracketed parts from some servers only (NATS ADR 15).
 */
export function deliveredAs(reply: string): DeliveredAs {
  const tokens = reply.split('.');
  const deliveries = tokens.length >= 11 ? 6 : 4;
  return {
    sequence: Number(tokens[deliveries + 1]),
    delivery: Number(tokens[deliveries + 2]),
    storedAtMs: () => Math.floor(Number(tokens[deliveries + 3]) / 1e6),
  };
}
