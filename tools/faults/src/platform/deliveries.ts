/** How a Kafka cluster of the mapping is delivered to. Each row is counted for each. */
export const DELIVERIES = ['at-least-once', 'exactly-once'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** The Kafka topic of a row for one delivery. */
export function topicOf(delivery: Delivery, row: string): string {
  return `${delivery}.${row}`;
}

export interface MappingOptions {
  rows: readonly string[];
  replication: number;
  /** Text of the header `edition` of every record: another one is another mapping. */
  edition?: string;
  /** A further cluster that gets the same messages: `host:port`. */
  beside?: string;
}

/** Every row's messages to every cluster, keyed by device. */
export function faultMapping({ rows, replication, edition = 'first', beside }: MappingOptions): string {
  const cluster = (name: string, brokers: string, delivery: Delivery): string => `
  ${name}:
    brokers: ['${brokers}']
    delivery: ${delivery}
    createTopics: { partitions: ${PARTITIONS}, replication: ${replication} }`;
  const route = (name: string, prefix: string): string => `
  - name: ${name}
    from: { mqtt: 'faults/{row}/{device}' }
    to:
      cluster: ${name}
      kafka: ${prefix}.\${row}
      topics: [${rows.map((row) => `${prefix}.${row}`).join(', ')}]
      key: \${device}
      headers: { edition: ${edition} }`;
  const served = '${env:KAFKA_BROKERS}';
  return `version: 1
clusters:${DELIVERIES.map((delivery) => cluster(delivery, served, delivery)).join('')}${
    beside === undefined ? '' : cluster('beside', beside, 'at-least-once')
  }
defaults: { onError: deadLetter }
routes:${DELIVERIES.map((delivery) => route(delivery, delivery)).join('')}${
    beside === undefined ? '' : route('beside', 'beside')
  }
`;
}

export const PARTITIONS = 4;
