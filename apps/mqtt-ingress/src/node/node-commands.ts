import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { subjects, type NodeAnswer, type NodeCommand } from '@tributary/contracts';
import { ReasonCode } from '@tributary/mqtt';
import type { LogAppender } from '@tributary/log';
import type { RulesInForce } from '../commit/rules-in-force.ts';
import type { Clients } from '../connect/clients.ts';
import type { DeliveryReceiver } from '../delivery/delivery-receiver.ts';
import { IngressError } from '../errors.ts';
import type { IngressMetrics } from '../metrics.ts';
import type { SessionRecords } from '../session/session-records.ts';

export interface NodeCommandParts {
  clients: Clients;
  records: SessionRecords;
  receiver: DeliveryReceiver;
  rules: RulesInForce;
  appender: LogAppender;
  metrics: IngressMetrics;
}

/** Answers what other services ask of this node, until the connection to NATS is closed. */
export function serveNodeCommands(nats: NatsConnection, node: string, parts: NodeCommandParts): void {
  nats.subscribe(subjects.nodeCommands(node), {
    callback: (error, message) => {
      if (error === null) void serve(message, parts);
    },
  });
}

async function serve(message: Msg, parts: NodeCommandParts): Promise<void> {
  let answer: NodeAnswer;
  try {
    answer = await execute(message.json<NodeCommand>(), parts);
  } catch (error) {
    answer = { ok: false, code: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  message.respond(JSON.stringify(answer));
}

async function execute(command: NodeCommand, parts: NodeCommandParts): Promise<NodeAnswer> {
  switch (command.type) {
    case 'takeover':
      return takeOver(command.clientId, command.epoch, parts);
    case 'report':
      parts.receiver.reportNow(command.channel);
      return { ok: true };
    case 'rules':
      // Who asks asks again.
      if (parts.rules.revision < command.revision) {
        return { ok: false, code: 'failed', message: `revision ${parts.rules.revision} is known here` };
      }
      await parts.appender.flush();
      return { ok: true };
  }
}

/** Answers when the connection is gone: socket closed, rows stored or failed, its end recorded and its will published if due. */
async function takeOver(
  clientId: string,
  epoch: number,
  { clients, records, metrics }: NodeCommandParts,
): Promise<NodeAnswer> {
  // The record may be ours before we know it: a write that is under way can be read by others already.
  if (clients.withEpoch(clientId, epoch) === undefined) await records.written(clientId);
  const device = clients.withEpoch(clientId, epoch);
  if (device === undefined) {
    return { ok: false, code: 'unknown-client', message: `no connection of this client has epoch ${epoch}` };
  }
  if (device.phase !== 'closed') metrics.takeoversElsewhere.add(1);
  device.end(
    new IngressError('superseded', 'the client connected to another node'),
    ReasonCode.SESSION_TAKEN_OVER,
  );
  await device.finished();
  return { ok: true };
}
