export type Phase =
  'connecting' | 'replaying' | 'waiting for acknowledgements' | 'waiting for Kafka' | 'checking' | 'done';

/** What there is to see of a replay at one moment. */
export interface View {
  readonly phase: Phase;
  /** Of the replay, in ms; 0 before it begins. */
  readonly elapsedMs: number;
  readonly expectedMs: number;
  readonly speed: number;
  /** From 1; shown if there is more than one. */
  readonly round: number;
  readonly connections: number;
  readonly online: number;
  readonly reconnects: number;
  readonly messages: number;
  readonly published: number;
  readonly acknowledged: number;
  /** With QoS 0 nothing is acknowledged. */
  readonly acknowledges: boolean;
  readonly resent: number;
  readonly refused: number;
  readonly inLog: number;
  /** False: the log holds at least that much. */
  readonly logComplete: boolean;
  readonly inKafka: number;
  /** Acknowledged and not in Kafka yet. */
  readonly missing: number;
  /** Per second: published, in Kafka. */
  readonly publishRate: number;
  readonly kafkaRate: number;
  /** From the device's publish to the consumer, in ms. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Records by Kafka topic. */
  readonly topics: ReadonlyMap<string, number>;
}
