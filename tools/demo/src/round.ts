import { setTimeout as delay } from 'node:timers/promises';
import type { DemoOptions } from './options.ts';
import { KafkaCounter } from './observe/kafka-counter.ts';
import { LatencyHistogram } from './observe/latency-histogram.ts';
import { LogCounter } from './observe/log-counter.ts';
import { Rate } from './observe/rate.ts';
import { Restarts } from './platform/restarts.ts';
import type { RunningPlatform } from './platform/run-file.ts';
import { Replay } from './publish/replay.ts';
import type { Fleet } from './recording/fleet.ts';
import type { Phase, View } from './screen/view.ts';
import { Ledger } from './verdict/ledger.ts';
import { judge, type Verdict } from './verdict/verdict.ts';

/** So long nothing may move before waiting is given up. */
const PATIENCE_MS = 60_000;
/** Acknowledgements of what is open when the user ends the replay. */
const LAST_ACKNOWLEDGEMENTS_MS = 10_000;
/** A record that comes too often may come late. */
const SETTLE_MS = 2_000;
const CATCH_UP_MS = 20_000;
const LOOK_MS = 50;

export interface RoundOptions {
  readonly platform: RunningPlatform;
  readonly fleet: Fleet;
  readonly qos: DemoOptions['qos'];
  readonly kafkaTopics: readonly string[];
  /** From 1. */
  readonly number: number;
  /** Unique among all demos on this platform: what other demos left in Kafka is not counted. */
  readonly id: string;
  /** Aborted: publish nothing more, and judge what was sent. */
  readonly stop: AbortSignal;
  /** Aborted: judge what is there without waiting. */
  readonly now: AbortSignal;
}

/** One replay of the fleet from connecting to the verdict. */
export class Round {
  readonly #options: RoundOptions;
  readonly #ledger = new Ledger();
  readonly #latencies = new LatencyHistogram();
  readonly #rates = { published: new Rate(), kafka: new Rate() };
  #replay: Replay | undefined;
  #log: LogCounter | undefined;
  #kafka: KafkaCounter | undefined;
  #phase: Phase = 'connecting';
  #startedMs: number | undefined;
  /** The last view, from before the connections were closed. */
  #final: View | undefined;

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /** Errors: DemoError, if it cannot begin; the reason of `stop`, if that aborts before it begins. */
  async run(): Promise<Verdict> {
    const { platform, fleet, qos, kafkaTopics, id, stop } = this.#options;
    const clientPrefix = `demo-${id}-`;
    const restarts = new Restarts(platform.file);
    await using stack = new AsyncDisposableStack();
    this.#log = stack.use(await LogCounter.start(platform.nats, clientPrefix));
    this.#kafka = stack.use(
      await KafkaCounter.start({
        brokers: platform.kafka,
        topics: kafkaTopics,
        clientPrefix,
        onRecord: (record) => {
          const publishedMs = this.#ledger.record(record);
          if (publishedMs !== undefined) this.#latencies.add(performance.now() - publishedMs);
        },
      }),
    );
    const nodes = platform.mqttNodes;
    const replay = stack.use(new Replay({ fleet, nodes, qos, clientPrefix, ledger: this.#ledger }));
    this.#replay = replay;
    await replay.connect(stop);
    this.#phase = 'replaying';
    this.#startedMs = performance.now();
    replay.start();
    const answered = await this.#published(replay);
    await this.#arrived(this.#kafka);
    this.#phase = 'done';
    this.#final = this.view();
    const { refused } = replay;
    return judge(this.#ledger, {
      qos,
      refused,
      answered,
      early: stop.aborted,
      restarted: restarts.seen(),
    });
  }

  view(): View {
    if (this.#final) return this.#final;
    const { fleet, qos, number } = this.#options;
    const { published, acknowledged, resent, inKafka, missing } = this.#ledger.totals;
    const now = performance.now();
    return {
      phase: this.#phase,
      elapsedMs: now - (this.#startedMs ?? now),
      expectedMs: fleet.recordedMs / fleet.speed,
      speed: fleet.speed,
      round: number,
      connections: fleet.devices.length,
      online: this.#replay?.online ?? 0,
      reconnects: this.#replay?.reconnects ?? 0,
      messages: fleet.messages,
      published,
      acknowledged,
      acknowledges: qos > 0,
      resent,
      refused: this.#replay?.refused ?? 0,
      inLog: this.#log?.rows ?? 0,
      logComplete: this.#log?.complete ?? true,
      inKafka,
      missing: qos === 0 ? published - inKafka : missing,
      publishRate: this.#rates.published.of(published, now),
      kafkaRate: this.#rates.kafka.of(inKafka, now),
      p50Ms: this.#latencies.quantile(0.5),
      p99Ms: this.#latencies.quantile(0.99),
      topics: this.#kafka?.counts ?? new Map(),
    };
  }

  /** @returns false if acknowledgements no longer came */
  async #published(replay: Replay): Promise<boolean> {
    const { stop, now } = this.#options;
    let stopped = false;
    let moved = { what: -1, atMs: 0 };
    while (!replay.done && !now.aborted) {
      if (stop.aborted && !stopped) {
        stopped = true;
        replay.stop();
        this.#phase = 'waiting for acknowledgements';
      }
      const { published, acknowledged } = this.#ledger.totals;
      const atMs = performance.now();
      const what = published + acknowledged + replay.refused;
      if (what !== moved.what) moved = { what, atMs };
      // A quiet stretch of the recording is no fault; an unanswered publish is.
      const open = published - acknowledged - replay.refused;
      if (open === 0 && !stopped) moved = { what, atMs };
      if (atMs - moved.atMs > (stopped ? LAST_ACKNOWLEDGEMENTS_MS : PATIENCE_MS)) {
        replay.stop();
        return false;
      }
      await delay(LOOK_MS);
    }
    return true;
  }

  async #arrived(kafka: KafkaCounter): Promise<void> {
    const { qos, now } = this.#options;
    this.#phase = 'waiting for Kafka';
    let moved = { inKafka: -1, atMs: 0 };
    const patience = qos === 0 ? SETTLE_MS : PATIENCE_MS;
    for (;;) {
      const { inKafka, missing, published } = this.#ledger.totals;
      const atMs = performance.now();
      if (inKafka !== moved.inKafka) moved = { inKafka, atMs };
      if (now.aborted || (qos === 0 ? inKafka >= published : missing === 0)) break;
      if (atMs - moved.atMs > patience) break;
      await delay(LOOK_MS);
    }
    this.#phase = 'checking';
    await delay(SETTLE_MS, undefined, { signal: now }).catch(() => undefined);
    const deadline = performance.now() + CATCH_UP_MS;
    while (!now.aborted && performance.now() < deadline) {
      if (await kafka.caughtUp().catch(() => false)) break;
      await delay(LOOK_MS);
    }
  }
}
