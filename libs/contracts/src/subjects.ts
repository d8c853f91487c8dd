import { hash } from 'node:crypto';
import { ContractError } from './errors.ts';

const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** Names of clusters and routes become parts of subjects and stream names. @throws ContractError 'name-invalid' */
export function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new ContractError(
    'name-invalid',
    `"${name}" must be 1 to 63 of a-z, 0-9 and -, and begin with a letter`,
  );
}

/** Every subject of the platform. `g` is the log generation, `p` the partition. */
export const subjects = {
  log: (g: number, p: number): string => `trib.v1.log.${g}.${p}`,
  /** Journal of the sessions of a shard. */
  sessionJournal: (g: number, shard: number): string => `trib.v1.sessions.${g}.${shard}`,
  out: (cluster: string, g: number, p: number): string => `trib.v1.out.${checkName(cluster)}.${g}.${p}`,
  /** One subject per dead letter: its id. The stream refuses a second message of the same subject. */
  deadLetter: (cluster: string, p: number, logSequence: number, row: number, route: string): string =>
    `trib.v1.dead.${checkName(cluster)}.${p}.${logSequence}.${row}.${route}`,
  /** The id of a letter that the replay of another ended in: that one may still be there, under the id they would share. */
  deadLetterAgain: (id: string, letter: number): string => `${id}.r${letter}`,
  deadLetters: (cluster: string): string => `trib.v1.dead.${checkName(cluster)}.>`,
  /** Letters of a partition, of any if it is null. */
  deadLettersOf: (cluster: string, p: number | null): string =>
    `trib.v1.dead.${checkName(cluster)}.${p ?? '*'}.>`,
  /** One subject per request to replay a dead letter, named by its sequence in the stream of dead letters. */
  replay: (cluster: string, p: number, letter: number): string =>
    `trib.v1.replay.${checkName(cluster)}.${p}.${letter}`,
  replaysOf: (cluster: string, p: number): string => `trib.v1.replay.${checkName(cluster)}.${p}.*`,
  replays: (cluster: string): string => `trib.v1.replay.${checkName(cluster)}.>`,
  /** Delivery batches to one life of an ingress node: what was meant for an earlier one must not be counted. */
  deliveries: (node: string, nodeEpoch: number): string => `trib.v1.node.${node}.deliver.${nodeEpoch}`,
  /** Requests to one ingress node: takeover of a client, resend. */
  nodeCommands: (node: string): string => `trib.v1.node.${node}.command`,
  /** Cumulative delivery reports of nodes to the owner of a channel. */
  reports: (channel: number): string => `trib.v1.session.report.${channel}`,
  /** How far a Kafka cluster has come, from the owners of its partitions to whoever acknowledges devices. */
  watermarks: (cluster: string): string => `trib.v1.watermark.${checkName(cluster)}`,
  /** How an ingress node does, from it to whoever shows it. */
  nodeStats: (node: string): string => `trib.v1.stats.ingress.${node}`,
  /** Session commands of nodes to session-state. */
  sessionCommands: 'trib.v1.session.command',
} as const;

/** Every stream of the platform. */
export const streamNames = {
  log: (g: number, p: number): string => `TRIB_LOG_${g}_${p}`,
  sessionJournal: (g: number, shard: number): string => `TRIB_SESSIONS_${g}_${shard}`,
  out: (cluster: string, g: number, p: number): string => `TRIB_OUT_${checkName(cluster)}_${g}_${p}`,
  deadLetters: (cluster: string): string => `TRIB_DEAD_${checkName(cluster)}`,
  replays: (cluster: string): string => `TRIB_REPLAY_${checkName(cluster)}`,
} as const;

/** Every key-value bucket of the platform. */
export const buckets = {
  /** Mapping versions and which one is active. */
  config: 'trib-config',
  /** Members (services alive) and what each of them owns. */
  leases: 'trib-leases',
  /** How far each declared reader of the log has come. */
  cursors: 'trib-cursors',
  /** Which node serves which client id. */
  sessions: 'trib-sessions',
  /** Subscriptions of sessions. */
  subscriptions: 'trib-subscriptions',
  /** Retained messages and tombstones by topic, with their stamps. */
  retained: 'trib-retained',
  /** How far each cluster has come in each log partition. */
  watermarks: 'trib-watermarks',
} as const;

/** Readers of the log that hold back its purge. */
export const logReaders = {
  sessionState: 'session-state',
  cluster: (cluster: string): string => `${CLUSTER_READER}${checkName(cluster)}`,
} as const;

const CLUSTER_READER = 'cluster_';

/** The cluster that a reader of the log reads for; '' if it is another reader. */
export function clusterOf(reader: string): string {
  return reader.startsWith(CLUSTER_READER) ? reader.slice(CLUSTER_READER.length) : '';
}

/** Key of a client id in a bucket: ids may be long and hold any character, keys may not. */
export function clientKey(clientId: string): string {
  return hashKey(clientId);
}

/** Key of an MQTT topic in a bucket. */
export function topicKey(topic: string): string {
  return hashKey(topic);
}

function hashKey(name: string): string {
  return hash('sha256', name, 'base64url');
}
