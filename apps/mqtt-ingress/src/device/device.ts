import { EMPTY, type Attached, type Settled } from '@tributary/contracts';
import type { AppendWaiter, LogError } from '@tributary/log';
import { ReasonCode, type ConnectVerdict, type EngineConnection, type Will } from '@tributary/mqtt';
import type { CommitGroup } from '../commit/commit-group.ts';
import { Outbound } from '../delivery/outbound.ts';
import { IngressError } from '../errors.ts';
import type { ClientRate, PublishRates } from '../limits/publish-rates.ts';
import type { IngressMetrics } from '../metrics.ts';
import type { NodeLife } from '../node/node-life.ts';
import type { SessionClaim } from '../session/session-claim.ts';
import { appendFailureReason } from './append-failure.ts';
import { DeviceCommits } from './device-commits.ts';
import { InboundPacketIds } from './inbound-packet-ids.ts';
import { Answer, answerOf, packetIdOf, PendingAnswers, reasonOf } from './pending-answers.ts';
import { ReadPauses } from './read-pauses.ts';
import { refusalText } from './refusal-text.ts';

/** What all devices of a node are held to. */
export interface DeviceLimits {
  /** Packets that wait for the log or for Kafka; beyond it the connection is not read. */
  unacknowledged: number;
  /** Deliveries that wait for the device. */
  queueMessages: number;
  queueBytes: number;
  publishRates: PublishRates;
}

/** Receive Maximum of who names none (3.1.2.11.3). */
const RECEIVE_MAXIMUM_IF_ABSENT = 65_535;

/** connecting: not admitted yet. open: served. closed: the engine has reported its end. */
export type DevicePhase = 'connecting' | 'open' | 'closed';

/**
 * One connection of a device, from its CONNECT until its last row is settled and its session record says so.
 * It is the waiter of all its rows: the log settles rows of one connection in their order.
 */
export class Device implements AppendWaiter {
  readonly connection: EngineConnection<Device>;
  readonly life: NodeLife;
  readonly clientId: string;
  readonly clientIdBytes: Uint8Array;
  readonly partition: number;
  readonly answers = new PendingAnswers();
  readonly packetIds = new InboundPacketIds();
  readonly reading: ReadPauses;
  /** What holds its publishes to a rate; null: nothing does. */
  readonly rate: ClientRate | null;
  readonly #metrics: IngressMetrics;
  readonly #limits: DeviceLimits;
  phase: DevicePhase = 'connecting';
  /** Connection epoch, 0 until the session record is written. */
  epoch = 0;
  sessionId = '';
  /** Milliseconds since the epoch, as in the session record. */
  connectedAtMs = 0;
  /** Seconds the session outlives the connection. */
  expiry = 0;
  /** What its CONNECT did to the session record, until it is accepted. */
  claim: SessionClaim | null = null;
  /** Session-state was asked to attach it to its session. */
  attached = false;
  username: Uint8Array = EMPTY;
  will: Will | undefined;
  /** Deliveries of QoS 1 and 2 on their way to it at once: what it said, or less. */
  receiveMaximum = RECEIVE_MAXIMUM_IF_ABSENT;
  maximumPacketSize = 0;
  /** The connection of the same client id that must finish before this one is admitted. */
  previous: Device | undefined;
  /** Settles when it is decided whether it may connect. */
  admission: Promise<ConnectVerdict> | null = null;
  /** Ends its admission; null when that is decided. */
  attempt: AbortController | null = null;
  /** It has asked for subscriptions, so session-state must hear of its end. */
  subscribed = false;
  /** Commands to session-state, one after the other. */
  lastCommand: Promise<void> | null = null;
  waitingCommands = 0;
  #mute = false;
  #outbound: Outbound | null = null;
  /** Most devices that are connected send nothing for a while. */
  #sessionIdBytes: Uint8Array | null = null;
  /** Most devices never publish to a topic that waits for Kafka. */
  #commits: DeviceCommits | null = null;
  #settled: (() => void)[] = [];
  #finished: PromiseWithResolvers<void> | null = null;
  #isFinished = false;

  constructor(
    connection: EngineConnection<Device>,
    life: NodeLife,
    metrics: IngressMetrics,
    limits: DeviceLimits,
  ) {
    this.connection = connection;
    this.life = life;
    this.clientId = connection.clientId;
    this.clientIdBytes = Buffer.from(connection.clientId, 'utf8');
    this.partition = life.partitionOf(connection.clientId);
    this.reading = new ReadPauses(connection, metrics);
    this.#metrics = metrics;
    this.#limits = limits;
    this.rate = limits.publishRates.client(this.reading);
  }

  /** False once a row of it failed or it was sent away: nothing more is taken from it or answered. */
  get served(): boolean {
    return !this.#mute;
  }

  /** As rows have it; from the claim on. */
  get sessionIdBytes(): Uint8Array {
    return (this.#sessionIdBytes ??= Buffer.from(this.sessionId, 'utf8'));
  }

  /** What is on its way to this device. Most devices never get anything, so it is made when it is needed. */
  outbound(): Outbound {
    this.#outbound ??= new Outbound(
      this.connection,
      {
        receiveMaximum: this.receiveMaximum,
        maximumPacketSize: this.maximumPacketSize,
        maxQueued: this.#limits.queueMessages,
        maxQueuedBytes: this.#limits.queueBytes,
      },
      this.#metrics,
      {
        resumable: this.attached,
        settle: (counter, stage, stored) => this.#settle(counter, stage, stored),
      },
    );
    return this.#outbound;
  }

  /** Goes on with what an earlier connection of its session has begun. */
  resume({ inbound, released }: Attached): void {
    for (const packetId of inbound) this.packetIds.resumed(packetId);
    if (released.length > 0) this.outbound().resume(released);
  }

  /** Sends the connection away. What it sent and was not answered stays unanswered. */
  dismiss(reason: number, detail: string): void {
    if (this.#mute) return;
    this.#silence();
    this.connection.disconnect(reason, detail);
  }

  /** Sends it away because of a PUBLISH that cannot be acknowledged: the device sends it again. */
  refuse(reason: number, detail: string): void {
    if (this.#mute) return;
    this.countRefusal(reason);
    this.dismiss(reason, detail);
  }

  countRefusal(reason: number): void {
    this.#metrics.refusedPublish(reason);
  }

  /** Ends it wherever it stands: an admission under way is refused, an open connection is sent away. */
  end(error: IngressError, reason: number): void {
    if (this.attempt) this.attempt.abort(error);
    else this.dismiss(reason, error.message);
  }

  /** A newer connection of the same client id has come. */
  supersede(): void {
    this.end(
      new IngressError('superseded', 'another connection uses this client id now'),
      ReasonCode.SESSION_TAKEN_OVER,
    );
  }

  /** The answer waits for its row, and then for Kafka. Call it in place of `answers.waitForRow`. */
  waitForCommit(answer: Answer, packetId: number, group: CommitGroup): void {
    this.answers.waitForCommit(answer, packetId);
    this.#commits ??= new DeviceCommits(this, this.life.commits);
    this.#commits.expect(group);
  }

  stored(sequence: number): void {
    this.#metrics.pendingRows--;
    const ticket = this.answers.rowSettled();
    if (ticket >= 0) this.#commits?.rowStored(ticket, sequence);
    this.answerReady();
  }

  /** What follows in order must not be acknowledged either, so the connection ends; the device sends it all again. */
  failed(error: LogError): void {
    this.#metrics.pendingRows--;
    this.answers.rowSettled();
    this.refuse(appendFailureReason(error), error.message);
    this.answerReady();
  }

  /** Stops reading beyond the bound of unanswered packets. Call it after each row. */
  appended(): void {
    this.#metrics.pendingRows++;
    if (this.answers.length >= this.#limits.unacknowledged) this.reading.pause('unanswered');
    if (this.#commits !== null && this.#commits.length > 0 && this.life.commits.full) {
      this.reading.pause('commits');
    }
  }

  /** Sends answers that wait for nothing any more. Call it after `answers.ready`. */
  answerReady(): void {
    const { answers } = this;
    while (answers.headReady) this.#answer(answers.shift());
    if (answers.length * 2 <= this.#limits.unacknowledged) this.reading.resume('unanswered');
    if (this.#commits !== null && this.#commits.length === 0) this.reading.resume('commits');
    if (answers.rows === 0 && this.#settled.length > 0) {
      for (const resolve of this.#settled.splice(0)) resolve();
    }
  }

  /** The engine has reported the end. */
  close(): void {
    this.phase = 'closed';
    this.#silence();
    this.reading.close();
    this.rate?.close();
    this.#outbound?.close();
  }

  /** Resolves when every row of it is stored or has failed. */
  settled(): Promise<void> {
    if (this.answers.rows === 0) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  /** Resolves when nothing of this connection is left on the node. */
  finished(): Promise<void> {
    if (this.#isFinished) return Promise.resolve();
    this.#finished ??= Promise.withResolvers();
    return this.#finished.promise;
  }

  finish(): void {
    this.#isFinished = true;
    this.#finished?.resolve();
  }

  /** From here on nothing is answered, so nothing need wait for Kafka. */
  #silence(): void {
    this.#mute = true;
    this.#commits?.abandon();
  }

  #settle(counter: number, stage: Settled, stored: (() => void) | null): void {
    const answered =
      stored &&
      ((isStored: boolean): void => {
        if (isStored) stored();
        else this.dismiss(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, 'session-state refuses what it settled');
      });
    this.life.settlements.add([this.clientId, this.epoch, counter, stage], answered);
  }

  #answer(entry: number): void {
    if (this.#mute) return;
    const packetId = packetIdOf(entry);
    const reason = reasonOf(entry);
    switch (answerOf(entry)) {
      case Answer.puback:
        if (reason === 0) this.#metrics.acknowledged[1].add(1);
        this.connection.acknowledge(packetId, 1, reason, refusalText(reason));
        break;
      case Answer.pubrec:
        if (reason === 0) {
          this.#metrics.acknowledged[2].add(1);
          this.packetIds.received(packetId);
        } else this.packetIds.released(packetId);
        this.connection.acknowledge(packetId, 2, reason, refusalText(reason));
        break;
      case Answer.pubcomp:
        this.packetIds.released(packetId);
        this.connection.complete(packetId, reason, refusalText(reason));
        break;
      case Answer.none:
        break;
    }
  }
}
