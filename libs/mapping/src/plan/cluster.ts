/** A text of the `clusters` section: parts that stand there and names of environment variables. */
export type ConfigText = readonly ({ readonly text: string } | { readonly env: string })[];

export interface SslDeclaration {
  readonly ca?: ConfigText;
  readonly cert?: ConfigText;
  readonly key?: ConfigText;
  readonly servername?: ConfigText;
  readonly rejectUnauthorized?: boolean;
}

export const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
export type SaslMechanism = (typeof saslMechanisms)[number];

export interface SaslDeclaration {
  readonly mechanism: SaslMechanism;
  readonly username: ConfigText;
  readonly password: ConfigText;
}

export const deliveries = ['at-least-once', 'exactly-once'] as const;
export type Delivery = (typeof deliveries)[number];

/** How topics are created that Kafka does not have yet. */
export interface TopicCreation {
  readonly partitions: number;
  readonly replication: number;
}

/** A Kafka cluster as the mapping declares it, the environment not yet looked at. */
export interface ClusterDeclaration {
  readonly name: string;
  readonly brokers: readonly ConfigText[];
  readonly delivery: Delivery;
  /** Whether devices are held back once the cluster is away longer than the log can hold. */
  readonly required: boolean;
  readonly ssl: boolean | SslDeclaration;
  readonly sasl: SaslDeclaration | null;
  /** Null: topics must exist. */
  readonly createTopics: TopicCreation | null;
}
