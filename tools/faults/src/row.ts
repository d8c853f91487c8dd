import { until } from '@tributary/testing';
import { KafkaAudit } from './count/kafka-audit.ts';
import type { Verdict } from './count/record-ledger.ts';
import type { Fault } from './fault.ts';
import { Fleet } from './load/fleet.ts';
import { Listener } from './load/listener.ts';
import { DELIVERIES, topicOf, type Delivery } from './platform/deliveries.ts';
import type { FaultPlatform } from './platform/fault-platform.ts';
import type { ProfileName } from './platform/profiles.ts';
import { Random } from './random.ts';
import { Scene } from './scene.ts';

/** One line of the table: faults that strike one after the other while the same devices publish. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly profile: ProfileName;
  readonly faults: readonly Fault[];
}

export interface RowReport {
  readonly name: string;
  readonly title: string;
  readonly profile: ProfileName;
  readonly seed: number;
  /** Why it did not run; everything else is then empty. */
  readonly skipped: string | null;
  readonly published: number;
  readonly acknowledged: number;
  /** Copies that devices sent of what was not acknowledged in time. */
  readonly resent: number;
  readonly verdicts: Readonly<Partial<Record<Delivery, Verdict>>>;
  /** What became of the messages on their way to sessions that outlive their connections; null: not counted. */
  readonly sessions: SessionVerdict | null;
  /** From the end of the last fault until all that was acknowledged by then was in Kafka, in ms. */
  readonly recoveryMs: number;
  /** What shows that the faults bit. */
  readonly evidence: readonly string[];
  /** Why the row failed; none if it passed. */
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** Over all listeners of a row. */
export interface SessionVerdict {
  received: number;
  /** Acknowledged, and not received by a listener. */
  lost: number;
  reordered: number;
  /** Published at QoS 2 and received more often than sent. At QoS 1 a message may come again. */
  duplicated: number;
  unknown: number;
}

export interface LoadOptions {
  devices: number;
  /** Average time between two bursts of a device, in ms. */
  pauseMs: number;
}

const FLOW_MS = 60_000;
const CATCH_UP_MS = 90_000;
const ANSWER_MS = 60_000;
const LISTENERS = 2;

/** Runs a row on a platform under a load of its own. Whatever goes wrong is a failure of the report. */
export async function runRow(
  row: Row,
  platform: FaultPlatform,
  seed: number,
  load: LoadOptions,
): Promise<RowReport> {
  const began = performance.now();
  const failures: string[] = [];
  const evidence: string[] = [];
  const random = Random.of(seed, row.name);
  await platform.createTopics(row.name);
  await using stack = new AsyncDisposableStack();
  const audits = DELIVERIES.map((delivery) =>
    stack.use(KafkaAudit.start(platform.servers.brokers, topicOf(delivery, row.name))),
  );
  const topic = `faults/${row.name}`;
  const listeners: Listener[] = [];
  for (let n = 0; n < LISTENERS; n++) {
    const options = {
      name: `listener-${n}`,
      servers: platform.mqtt,
      topic,
      random: random.fork(1_000_000 + n),
    };
    listeners.push(stack.use(await Listener.start(options)));
  }
  const fleet = stack.use(
    await Fleet.start({
      servers: platform.mqtt,
      size: load.devices,
      topic,
      pauseMs: load.pauseMs,
      random: random.fork(0),
    }),
  );
  const scene = new Scene(row.name, platform, fleet, audits, random);
  let recoveryMs = 0;
  try {
    await scene.flowing(FLOW_MS);
    for (const fault of row.faults) evidence.push(...(await inflict(fault, scene)));
    platform.links.pass();
    const healed = performance.now();
    await scene.caughtUp(CATCH_UP_MS);
    recoveryMs = Math.round(performance.now() - healed);
    await scene.flowing(FLOW_MS);
  } catch (error) {
    failures.push(reason(error));
    platform.links.pass();
  }
  const unanswered = await fleet.stop(ANSWER_MS);
  if (unanswered > 0) failures.push(`${unanswered} devices had no answer within ${ANSWER_MS / 1_000} s`);
  await scene.caughtUp(CATCH_UP_MS).catch((error: unknown) => failures.push(reason(error)));
  await scene.settled().catch((error: unknown) => failures.push(reason(error)));
  for (const listener of listeners) listener.stay();
  const heard = (): boolean => listeners.every(({ ledger }) => ledger.missing(fleet.devices) === 0);
  await until(heard, {
    timeoutMs: CATCH_UP_MS,
    intervalMs: 50,
    what: 'listeners have all that was acknowledged',
  }).catch((error: unknown) => failures.push(reason(error)));
  await platform.healthy().catch((error: unknown) => failures.push(reason(error)));
  const verdicts: Partial<Record<Delivery, Verdict>> = {};
  const repeats = row.faults.some((fault) => fault.repeats);
  DELIVERIES.forEach((delivery, n) => {
    const verdict = audits[n]?.ledger.verdict(fleet.devices);
    if (verdict === undefined) return;
    verdicts[delivery] = verdict;
    failures.push(...broken(delivery, verdict, repeats));
  });
  const sessions = sessionVerdict(listeners, fleet);
  failures.push(...brokenSessions(sessions));
  evidence.push(
    `listeners dropped their connections ${listeners.reduce((sum, { disappearances }) => sum + disappearances, 0)} times`,
  );
  return {
    name: row.name,
    title: row.title,
    profile: row.profile,
    seed,
    skipped: null,
    published: fleet.published,
    acknowledged: fleet.acknowledged,
    resent: fleet.resent,
    verdicts,
    sessions,
    recoveryMs,
    evidence,
    failures,
    seconds: Math.round((performance.now() - began) / 1_000),
  };
}

/** Has one fault strike. An error if nothing shows that it did. */
async function inflict(fault: Fault, scene: Scene): Promise<string[]> {
  const { platform, fleet, audits, struck } = scene;
  const before = await platform.metrics();
  const strikes = struck.length;
  fleet.restartSilence();
  for (const { ledger } of audits) ledger.restartSilence();
  const facts = await fault.inject(scene);
  const during = struck.slice(strikes);
  if (facts.length === 0 || during.length === 0)
    throw new Error(`${fault.name} did not bite: it left no trace`);
  const most = during.reduce((a, b) =>
    b.unacknowledged + b.notInKafka > a.unacknowledged + a.notInKafka ? b : a,
  );
  if (most.unacknowledged + most.notInKafka === 0)
    throw new Error(`${fault.name} did not bite: nothing was under way`);
  await scene.flowing(FLOW_MS);
  const silence = [fleet.longestSilenceMs, ...audits.map(({ ledger }) => ledger.longestSilenceMs)].map(
    seconds,
  );
  return [
    ...facts,
    `${most.unacknowledged} unacknowledged and ${most.notInKafka} acknowledged but not in Kafka when it struck`,
    `longest wait of a device ${silence[0]} for an answer, ${silence.slice(1).join(' and ')} until Kafka had something of it`,
    ...(await platform.counted(before)),
  ];
}

/** What a verdict breaks of what is promised. */
function broken(delivery: Delivery, verdict: Verdict, repeats: boolean): string[] {
  const { lost, reordered, duplicated, unknown } = verdict;
  const zero = {
    lost,
    reordered,
    unknown,
    ...(delivery === 'at-least-once' && repeats ? {} : { duplicated }),
  };
  return Object.entries(zero)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${delivery}: ${count} ${what}`);
}

function sessionVerdict(listeners: readonly Listener[], fleet: Fleet): SessionVerdict {
  const total: SessionVerdict = { received: 0, lost: 0, reordered: 0, duplicated: 0, unknown: 0 };
  const exactly = fleet.devices.filter(({ qos }) => qos === 2);
  for (const { ledger } of listeners) {
    const { records, lost, reordered, unknown } = ledger.verdict(fleet.devices);
    total.received += records;
    total.lost += lost;
    total.reordered += reordered;
    total.unknown += unknown;
    total.duplicated += ledger.of(exactly).verdict(exactly).duplicated;
  }
  return total;
}

function brokenSessions({ lost, reordered, duplicated, unknown }: SessionVerdict): string[] {
  return Object.entries({ lost, reordered, duplicated, unknown })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `sessions: ${count} ${what}`);
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** An error in one line, with what caused it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`.replaceAll(/\s+/g, ' ').slice(0, 500);
}
