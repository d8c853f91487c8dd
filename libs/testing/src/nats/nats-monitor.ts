import type { NatsServer } from './nats-server.ts';

const PATIENCE_MS = 1_000;

interface ClusterSaid {
  leader?: string;
  replicas?: { current: boolean }[];
}

interface StreamSaid {
  name: string;
  cluster?: ClusterSaid;
}

interface JetStreamSaid {
  meta_cluster?: ClusterSaid;
  account_details?: { stream_detail?: StreamSaid[] }[];
}

/** Whom a server takes for the leader of all JetStream, by name. Undefined: nobody, or the server does not answer. */
export async function metaLeaderSeenBy(server: NatsServer): Promise<string | undefined> {
  const said = await ask<JetStreamSaid>(server, '/jsz');
  return said?.meta_cluster?.leader;
}

/** Whom a server takes for the leader of a stream, by name. Undefined: nobody, or the server does not answer. */
export async function streamLeaderSeenBy(server: NatsServer, stream: string): Promise<string | undefined> {
  return (await streamsOf(server)).find(({ name }) => name === stream)?.cluster?.leader;
}

/**
 * Whether a server has caught up with the others, as it says itself, and the others with it in each stream that it
 * leads: only a leader knows how far its replicas are.
 */
export async function isCurrent(server: NatsServer): Promise<boolean> {
  const health = await ask<{ status?: string }>(server, '/healthz');
  if (health?.status !== 'ok') return false;
  const led = (await streamsOf(server)).filter(({ cluster }) => cluster?.leader === server.name);
  return led.every(({ cluster }) => cluster?.replicas?.every(({ current }) => current) ?? true);
}

async function streamsOf(server: NatsServer): Promise<StreamSaid[]> {
  const said = await ask<JetStreamSaid>(server, '/jsz?streams=true');
  return (said?.account_details ?? []).flatMap(({ stream_detail = [] }) => stream_detail);
}

async function ask<T>(server: NatsServer, path: string): Promise<T | undefined> {
  try {
    const response = await fetch(`${server.monitor ?? ''}${path}`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return (await response.json()) as T;
  } catch {
    return undefined;
  }
}
