import type { JetStreamManager } from '@nats-io/jetstream';
import { ApiCode, isApiError } from './api-codes.ts';

/** What a key-value bucket holds under a key. */
export interface LeaderEntry {
  revision: number;
  value: string;
}

/**
 * Reads a key from the leader of the bucket's stream: an ordinary `get` may be answered by a replica that is behind.
 * @returns null if there is no such key
 */
export async function readKey(
  manager: JetStreamManager,
  bucket: string,
  key: string,
): Promise<LeaderEntry | null> {
  try {
    const message = await manager.streams.getMessage(`KV_${bucket}`, { last_by_subj: subject(bucket, key) });
    if (message === null || message.header.get('KV-Operation') !== '') return null;
    return { revision: message.seq, value: message.string() };
  } catch (error) {
    if (isApiError(error, ApiCode.messageNotFound)) return null;
    throw error;
  }
}

/** The keys that match a pattern, as the leader has them; deleted ones that left a marker are among them. */
export async function listKeys(
  manager: JetStreamManager,
  bucket: string,
  pattern: string,
): Promise<string[]> {
  const { state } = await manager.streams.info(`KV_${bucket}`, { subjects_filter: subject(bucket, pattern) });
  const prefix = subject(bucket, '');
  return Object.keys(state.subjects ?? {}).map((name) => name.slice(prefix.length));
}

function subject(bucket: string, key: string): string {
  return `$KV.${bucket}.${key}`;
}
