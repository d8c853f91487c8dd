import type { NatsConnection, Subscription as NatsSubscription } from '@nats-io/transport-node';
import {
  DeliveryBatchWriter,
  EMPTY,
  EnvelopeWriter,
  Envelope,
  RowKind,
  subjects,
  type DeliveryReport,
  type QoS,
  type Recipient,
  type RowInput,
  type SessionAnswer,
  type SessionCommand,
  type Settled,
  type Settlement,
} from '@tributary/contracts';
import type { Member } from '@tributary/log';

/** Speaks the contract of session-state over a real NATS, as far as an ingress node sees it. */
export class SessionResponder implements Disposable {
  readonly #nats: NatsConnection;
  readonly #commands: NatsSubscription;
  readonly #reports: NatsSubscription;
  readonly commands: SessionCommand[] = [];
  /** What 'settle' commands said, in their order, repeats left out. */
  readonly settled: Settlement[] = [];
  readonly reports: (DeliveryReport & { channel: number })[] = [];
  /** How commands are answered; undefined leaves them without an answer. */
  answer: (command: SessionCommand) => SessionAnswer | undefined = granted;

  constructor(nats: NatsConnection) {
    this.#nats = nats;
    this.#commands = nats.subscribe(subjects.sessionCommands, {
      callback: (_, message) => {
        const command = message.json<SessionCommand>();
        this.commands.push(command);
        const answer = this.answer(command);
        if (command.type === 'settle' && answer?.ok) this.settled.push(...command.settlements);
        if (answer) message.respond(JSON.stringify(answer));
      },
    });
    this.#reports = nats.subscribe(`${subjects.reports(0).slice(0, -1)}*`, {
      callback: (_, message) => {
        const channel = Number(message.subject.split('.').at(-1));
        this.reports.push({ channel, ...message.json<DeliveryReport>() });
      },
    });
  }

  /** Sends one batch to a node. */
  send(
    node: Member,
    batch: { channel: number; epoch: number; number: number },
    deliveries: TestDelivery[],
  ): void {
    const writer = new DeliveryBatchWriter();
    for (const { sequence, row = 0, message, to } of deliveries) {
      writer.append({ logSequence: sequence, row, message: rowBytes(message), recipients: to });
    }
    this.#nats.publish(
      subjects.deliveries(node.instance, node.epoch),
      writer.finish({ ...batch, logSequence: deliveries.at(-1)?.sequence ?? 0 }),
    );
  }

  /** Commands of one type that name a client. */
  of<T extends 'subscribe' | 'unsubscribe' | 'attach' | 'end'>(
    type: T,
    clientId: string,
  ): Extract<SessionCommand, { type: T }>[] {
    return this.commands.filter(
      (command): command is Extract<SessionCommand, { type: T }> =>
        command.type === type && 'clientId' in command && command.clientId === clientId,
    );
  }

  /** Counters and stages a client has settled. */
  settledBy(clientId: string): [counter: number, stage: Settled][] {
    return this.settled.filter(([id]) => id === clientId).map(([, , counter, stage]) => [counter, stage]);
  }

  lastReport(channel: number): DeliveryReport | undefined {
    return this.reports.findLast((report) => report.channel === channel);
  }

  [Symbol.dispose](): void {
    this.#commands.unsubscribe();
    this.#reports.unsubscribe();
  }
}

export interface TestDelivery {
  sequence: number;
  row?: number;
  message: { topic: string; payload: string | Uint8Array; properties?: Uint8Array; receivedMs?: number };
  to: Recipient[];
}

export function recipient(
  clientId: string,
  epoch: number,
  qos: QoS,
  options: { retain?: boolean; subscriptionIds?: number[]; counter?: number; dup?: boolean } = {},
): Recipient {
  return { clientId: Buffer.from(clientId), epoch, qos, retain: false, subscriptionIds: [], ...options };
}

/** As if every session that is asked for were there, and empty. */
export function granted(command: SessionCommand): SessionAnswer {
  switch (command.type) {
    case 'subscribe':
      return { ok: true, reasons: command.subscriptions.map(({ qos }) => qos) };
    case 'unsubscribe':
      return { ok: true, reasons: command.filters.map(() => 0) };
    case 'attach':
      return { ok: true, present: command.resume, inbound: [], released: [] };
    case 'end':
    case 'settle':
      return { ok: true, reasons: [] };
  }
}

/** A row as it would stand in the log. */
function rowBytes(message: TestDelivery['message']): Uint8Array {
  const input: RowInput = {
    kind: RowKind.publish,
    qos: 2,
    retain: false,
    dup: false,
    packetId: 1,
    protocolVersion: 5,
    receivedMs: message.receivedMs ?? Date.now(),
    epoch: 1,
    topic: message.topic,
    clientId: Buffer.from('publisher'),
    sessionId: EMPTY,
    username: EMPTY,
    trace: EMPTY,
    origin: EMPTY,
    properties: message.properties ?? EMPTY,
    payload: typeof message.payload === 'string' ? Buffer.from(message.payload) : message.payload,
  };
  const writer = new EnvelopeWriter();
  writer.append(input);
  return Envelope.open(writer.finish()).row(0).bytes;
}
