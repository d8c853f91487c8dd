export { createProducerDriver } from './create-producer-driver.ts';
export type {
  ClusterOptions,
  Compression,
  DriverOptions,
  ProducerDriverOptions,
  RetryNotice,
  SaslOptions,
  TransactionOptions,
} from './driver-options.ts';
export { KafkaDriverError, KafkaErrorCode, type KafkaErrorFields } from './errors.ts';
export { javaPartition, murmur2 } from './java-partitioner.ts';
export type { ProducedRecord, RecordHeader } from './produced-record.ts';
export type { OffsetRange, ProducerDriver, ProducerDriverName, SendResult } from './producer-driver.ts';
export { KafkaAdmin, type AdminOptions, type ClusterStatus } from './admin/kafka-admin.ts';
export type { NewTopic, TopicCreation } from './admin/create-topics.ts';
export type { PositionsTopic } from './admin/positions-topic.ts';
export type { Position } from './admin/read-positions.ts';
export type { BrokerInfo } from './wire/cluster-client.ts';
