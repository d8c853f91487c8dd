/** What a Kafka error code means to someone who sends records. */
export interface ProtocolErrorMeaning {
  /** Name in the protocol's error table, without prefix. */
  readonly name: string;
  /** The same records, sent again by a fresh driver, may succeed without anybody changing anything in them. */
  readonly retryable: boolean;
  /** The record (or one of its batch) is at fault: it will be refused for ever. */
  readonly recordFault: boolean;
  /** The topic is at fault: missing, forbidden or impossible. */
  readonly topicFault: boolean;
}

const RETRY = 1;
const RECORD = 2;
const TOPIC = 4;

/**
 * The codes a producer or an admin client can meet; numbers and names from the protocol guide
 * (https://kafka.apache.org/protocol#protocol_error_codes).
 *
 * Two differ from the guide's own "retriable" column on purpose. TOPIC_AUTHORIZATION_FAILED is retryable here,
 * since an operator can grant the right while records wait, which is how unknown topics are treated too. CORRUPT_MESSAGE is
 * not a fault of the record: a checksum that fails is a fault on the way, and sending again is the cure.
 */
const CODES: Readonly<Record<number, readonly [name: string, flags: number]>> = {
  [-1]: ['UNKNOWN_SERVER_ERROR', RETRY],
  2: ['CORRUPT_MESSAGE', RETRY],
  3: ['UNKNOWN_TOPIC_OR_PARTITION', RETRY | TOPIC],
  5: ['LEADER_NOT_AVAILABLE', RETRY],
  6: ['NOT_LEADER_OR_FOLLOWER', RETRY],
  7: ['REQUEST_TIMED_OUT', RETRY],
  8: ['BROKER_NOT_AVAILABLE', RETRY],
  9: ['REPLICA_NOT_AVAILABLE', RETRY],
  10: ['MESSAGE_TOO_LARGE', RECORD],
  13: ['NETWORK_EXCEPTION', RETRY],
  14: ['COORDINATOR_LOAD_IN_PROGRESS', RETRY],
  15: ['COORDINATOR_NOT_AVAILABLE', RETRY],
  16: ['NOT_COORDINATOR', RETRY],
  17: ['INVALID_TOPIC_EXCEPTION', TOPIC],
  18: ['RECORD_LIST_TOO_LARGE', RECORD],
  19: ['NOT_ENOUGH_REPLICAS', RETRY],
  20: ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', RETRY],
  21: ['INVALID_REQUIRED_ACKS', 0],
  29: ['TOPIC_AUTHORIZATION_FAILED', RETRY | TOPIC],
  30: ['GROUP_AUTHORIZATION_FAILED', 0],
  31: ['CLUSTER_AUTHORIZATION_FAILED', 0],
  32: ['INVALID_TIMESTAMP', RECORD],
  33: ['UNSUPPORTED_SASL_MECHANISM', 0],
  34: ['ILLEGAL_SASL_STATE', 0],
  35: ['UNSUPPORTED_VERSION', 0],
  36: ['TOPIC_ALREADY_EXISTS', 0],
  37: ['INVALID_PARTITIONS', 0],
  38: ['INVALID_REPLICATION_FACTOR', 0],
  39: ['INVALID_REPLICA_ASSIGNMENT', 0],
  40: ['INVALID_CONFIG', 0],
  41: ['NOT_CONTROLLER', RETRY],
  42: ['INVALID_REQUEST', 0],
  43: ['UNSUPPORTED_FOR_MESSAGE_FORMAT', 0],
  44: ['POLICY_VIOLATION', 0],
  45: ['OUT_OF_ORDER_SEQUENCE_NUMBER', RETRY],
  46: ['DUPLICATE_SEQUENCE_NUMBER', RETRY],
  47: ['INVALID_PRODUCER_EPOCH', RETRY],
  48: ['INVALID_TXN_STATE', RETRY],
  49: ['INVALID_PRODUCER_ID_MAPPING', RETRY],
  50: ['INVALID_TRANSACTION_TIMEOUT', 0],
  51: ['CONCURRENT_TRANSACTIONS', RETRY],
  53: ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 0],
  55: ['OPERATION_NOT_ATTEMPTED', RETRY],
  56: ['KAFKA_STORAGE_ERROR', RETRY],
  58: ['SASL_AUTHENTICATION_FAILED', 0],
  59: ['UNKNOWN_PRODUCER_ID', RETRY],
  74: ['FENCED_LEADER_EPOCH', RETRY],
  75: ['UNKNOWN_LEADER_EPOCH', RETRY],
  76: ['UNSUPPORTED_COMPRESSION_TYPE', 0],
  77: ['STALE_BROKER_EPOCH', RETRY],
  78: ['OFFSET_NOT_AVAILABLE', RETRY],
  87: ['INVALID_RECORD', RECORD],
  89: ['THROTTLING_QUOTA_EXCEEDED', RETRY],
  90: ['PRODUCER_FENCED', 0],
  100: ['UNKNOWN_TOPIC_ID', RETRY | TOPIC],
};

/** Meaning of an error code of the Kafka protocol; codes not in the table are taken as final and as nobody's fault. */
export function protocolErrorMeaning(code: number): ProtocolErrorMeaning {
  const [name, flags] = CODES[code] ?? [`ERROR_${code}`, 0];
  return {
    name,
    retryable: (flags & RETRY) !== 0,
    recordFault: (flags & RECORD) !== 0,
    topicFault: (flags & TOPIC) !== 0,
  };
}
