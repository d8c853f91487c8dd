import { isUtf8 } from 'node:buffer';
import { EMPTY, RowKind, type RowInput } from '@tributary/contracts';
import type { LogAppender } from '@tributary/log';
import { ReasonCode, saysUtf8, type InboundPublish } from '@tributary/mqtt';
import type { CommitGroup } from '../commit/commit-group.ts';
import type { Commits } from '../commit/commits.ts';
import type { Device } from '../device/device.ts';
import { Inbound2 } from '../device/inbound-packet-ids.ts';
import { Answer } from '../device/pending-answers.ts';
import type { IngressMetrics } from '../metrics.ts';
import type { Intake } from './intake.ts';
import { isReservedTopic } from './reserved-topic.ts';

const ANSWER_TO_QOS = [Answer.none, Answer.puback, Answer.pubrec] as const;

/** What devices publish, on its way into the log. */
export class Inbound {
  readonly #appender: LogAppender;
  readonly #intake: Intake;
  readonly #commits: Commits;
  readonly #metrics: IngressMetrics;
  readonly #checkPayloadFormat: boolean;
  /** The appender copies a row before it returns, so one object serves all of them. */
  readonly #row: RowInput = {
    kind: RowKind.publish,
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    protocolVersion: 4,
    receivedMs: 0,
    epoch: 0,
    topic: '',
    clientId: EMPTY,
    sessionId: EMPTY,
    username: EMPTY,
    trace: EMPTY,
    origin: EMPTY,
    properties: EMPTY,
    payload: EMPTY,
  };

  /** @param checkPayloadFormat refuse payloads that are not the UTF-8 they say they are */
  constructor(
    appender: LogAppender,
    intake: Intake,
    commits: Commits,
    metrics: IngressMetrics,
    checkPayloadFormat: boolean,
  ) {
    this.#appender = appender;
    this.#intake = intake;
    this.#commits = commits;
    this.#metrics = metrics;
    this.#checkPayloadFormat = checkPayloadFormat;
  }

  publish(device: Device, publish: InboundPublish): void {
    const { qos, packetId, topic } = publish;
    this.#metrics.published[qos].add(1);
    this.#metrics.publishedBytes.add(publish.payload.length);
    if (!device.served) return;
    device.rate?.took(topic.length + publish.properties.length + publish.payload.length);
    if (isReservedTopic(topic)) {
      this.#metrics.refusedTopic.add(1);
      this.#refuse(device, publish, ReasonCode.TOPIC_NAME_INVALID);
      return;
    }
    if (this.#checkPayloadFormat && saysUtf8(publish.properties) && !isUtf8(publish.payload)) {
      this.#metrics.refusedPublish(ReasonCode.PAYLOAD_FORMAT_INVALID);
      this.#refuse(device, publish, ReasonCode.PAYLOAD_FORMAT_INVALID);
      return;
    }
    if (qos === 0 && !this.#appender.writable(device.partition) && this.#intake.full) {
      this.#metrics.droppedLogBusy.add(1);
      this.#intake.wait(device);
      return;
    }
    if (qos === 2) {
      const state = device.packetIds.state(packetId);
      if (state !== undefined) {
        this.#repeat(device, packetId, state);
        return;
      }
      device.packetIds.storing(packetId);
    }
    const row = this.#row;
    row.kind = RowKind.publish;
    row.qos = qos;
    row.retain = publish.retain;
    row.dup = publish.dup;
    row.packetId = packetId;
    row.topic = topic;
    row.properties = publish.properties;
    row.payload = publish.payload;
    this.#append(device, ANSWER_TO_QOS[qos], qos === 0 ? null : this.#commits.match(topic));
  }

  /** PUBREL. PUBCOMP leaves when its row is stored. */
  release(device: Device, packetId: number): void {
    if (!device.served) return;
    const state = device.packetIds.state(packetId);
    // Sent again before our PUBCOMP, or before our PUBREC, which is out of order: the answer is on its way.
    if (state === Inbound2.releasing || state === Inbound2.storing) return;
    if (state === undefined) {
      device.answers.ready(Answer.pubcomp, packetId, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND);
      device.answerReady();
      return;
    }
    device.packetIds.releasing(packetId);
    const row = this.#row;
    row.kind = RowKind.release;
    row.qos = 2;
    row.retain = false;
    row.dup = false;
    row.packetId = packetId;
    row.topic = '';
    row.properties = EMPTY;
    row.payload = EMPTY;
    this.#append(device, Answer.pubcomp, null);
  }

  #append(device: Device, answer: Answer, group: CommitGroup | null): void {
    const row = this.#row;
    row.protocolVersion = device.connection.protocolVersion;
    row.receivedMs = Date.now();
    row.epoch = device.epoch;
    row.clientId = device.clientIdBytes;
    row.sessionId = device.sessionIdBytes;
    row.username = device.username;
    if (group === null) device.answers.waitForRow(answer, row.packetId);
    else device.waitForCommit(answer, row.packetId, group);
    if (!this.#appender.append(device.partition, row, device)) this.#intake.wait(device);
    device.appended();
  }

  #repeat(device: Device, packetId: number, state: Inbound2): void {
    this.#metrics.repeated.add(1);
    if (state !== Inbound2.received) return;
    device.answers.ready(Answer.pubrec, packetId, ReasonCode.SUCCESS);
    device.answerReady();
  }

  /**
   * MQTT 5 has an answer for it. MQTT 3.x has none, and a positive acknowledgement of what is not stored would be a
   * lie, so the connection ends [MQTT-3.3.5-2].
   */
  #refuse(device: Device, { qos, packetId, topic }: InboundPublish, reason: number): void {
    if (qos === 0) return;
    if (device.connection.protocolVersion < 5) {
      device.dismiss(reason, `clients may not publish to ${topic}`);
      return;
    }
    device.answers.ready(ANSWER_TO_QOS[qos], packetId, reason);
    device.answerReady();
  }
}
