import type { NatsConnection } from '@nats-io/transport-node';
import { subjects, type NodeAnswer, type NodeCommand, type SessionRecord } from '@tributary/contracts';
import type { Member } from '@tributary/log';
import { abortable, pause } from '../connect/abortable.ts';

/** Time for one request to another node, in ms; then its lease is looked at and it is asked again. */
const REQUEST_MS = 1_500;
const RETRY_MS = 100;

/**
 * Has another node close its connection of a client id. Resolves when that node confirms that the socket is closed
 * and the last rows are stored or will never be, or when its lease has ended, which comes to the same: a node that
 * cannot renew its lease closes its sockets before.
 * @throws the signal's reason
 */
export async function evict(
  nats: NatsConnection,
  isLive: (member: Member) => boolean,
  holder: SessionRecord,
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  const command: NodeCommand = { type: 'takeover', clientId: holder.clientId, epoch };
  const payload = JSON.stringify(command);
  while (isLive({ instance: holder.node, epoch: holder.nodeEpoch })) {
    const answer = await abortable(ask(nats, subjects.nodeCommands(holder.node), payload), signal);
    if (answer !== null && (answer.ok || answer.code === 'unknown-client')) return;
    await pause(RETRY_MS, signal);
  }
}

async function ask(nats: NatsConnection, subject: string, payload: string): Promise<NodeAnswer | null> {
  try {
    const reply = await nats.request(subject, payload, { timeout: REQUEST_MS });
    return reply.json<NodeAnswer>();
  } catch {
    return null;
  }
}
