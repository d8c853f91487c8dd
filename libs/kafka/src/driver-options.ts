import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ProducerDriverName } from './producer-driver.ts';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export interface SaslOptions {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** How to reach one Kafka cluster. */
export interface ClusterOptions {
  /** Bootstrap addresses, `host:port`. */
  readonly brokers: readonly string[];
  /** Shown in the brokers' logs and quotas. */
  readonly clientId: string;
  readonly tls?: TlsOptions | undefined;
  readonly sasl?: SaslOptions | undefined;
  /** Time for one connection to be made. Default 5,000 ms. */
  readonly connectTimeoutMs?: number | undefined;
  /** Time for a broker to answer one request. Default 30,000 ms. */
  readonly requestTimeoutMs?: number | undefined;
}

/** What happened inside a send that goes on: for logs and for the metric of retries. */
export interface RetryNotice {
  /** From 1, within this send. */
  readonly attempt: number;
  /** Code of the failure; undefined where the library does not tell. */
  readonly code: string | undefined;
  /** For people. */
  readonly reason: string;
}

/** Makes every send of a driver one transaction. */
export interface TransactionOptions {
  /** `transactional.id`. Of all drivers with one id only the one that connected last can write. */
  readonly id: string;
  /**
   * Time after which Kafka aborts a transaction that nobody ended. Default 60,000 ms; brokers allow up to their
   * `transaction.max.timeout.ms`, 15 minutes unless told otherwise.
   */
  readonly timeoutMs?: number | undefined;
}

export interface DriverOptions extends ClusterOptions {
  readonly compression?: Compression | undefined;
  /**
   * How long one send may go on retrying. Default 600,000 ms. The longer, the fewer duplicates: as long as the same
   * driver retries, the broker recognizes what it has; a new driver's records are new to it.
   */
  readonly deliveryTimeoutMs?: number | undefined;
  /**
   * Bytes, before compression, up to which records of one partition share a batch. Default 900,000, below the broker's
   * default for a batch (`message.max.bytes`, 1,048,588). A larger record travels alone and the broker judges it.
   */
  readonly maxBatchBytes?: number | undefined;
  /** Bytes, before compression, up to which batches share a request. Default 16 MiB. */
  readonly maxRequestBytes?: number | undefined;
  /** Only for the platformatic driver. Absent: no transactions. */
  readonly transaction?: TransactionOptions | undefined;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
}

export interface ProducerDriverOptions extends DriverOptions {
  readonly driver: ProducerDriverName;
}

export const defaults = {
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  deliveryTimeoutMs: 600_000,
  maxBatchBytes: 900_000,
  maxRequestBytes: 16 * 1024 * 1024,
  transactionTimeoutMs: 60_000,
} as const;
