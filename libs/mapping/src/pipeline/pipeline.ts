import type { Route, UnmatchedPolicy } from '../plan/route.ts';
import { messageVariables } from './bindings.ts';
import { CurrentMessage, type DecodeProperties } from './current-message.ts';
import { writeMessageHeaders } from './default-headers.ts';
import { encodeHeaderName, HeaderWriter } from './header-writer.ts';
import { listedTopic } from './listed-topic.ts';
import type { MappedMessage } from './mapped-message.ts';
import { MappingFailure, type Failure } from '../mapping-failure.ts';
import type { RecordSink, ReplaySink } from './record-sink.ts';
import { TopicCache } from './topic-cache.ts';
import { cachedTopicPlan, type RoutePlan, type TopicPlan } from './topic-plan.ts';
import { isTrue, TopicPlanner } from './topic-planner.ts';

export interface PipelineOptions {
  /** Bound of the cache of topics, in bytes. 0: nothing is cached. */
  readonly cacheBytes: number;
  readonly decodeProperties: DecodeProperties;
}

/** What the cache of a pipeline holds and how often it helped. */
export interface CacheStatistics {
  readonly bytes: number;
  readonly topics: number;
  readonly hits: number;
  readonly misses: number;
}

const NOT_YET = -1;

/** Turns messages into records for one cluster. Synchronous and pure but for its cache; not reentrant. */
export class Pipeline {
  readonly cluster: string;
  readonly #current: CurrentMessage;
  readonly #planner: TopicPlanner;
  readonly #cache: TopicCache<TopicPlan>;
  readonly #headers = new HeaderWriter();
  /** Length of the headers that all records of the current message share; they are written on first use. */
  #sharedHeaders = NOT_YET;
  readonly #unmatched: UnmatchedPolicy | null;

  /** `unmatched`: null for a cluster that does not tell of messages no route takes. */
  constructor(
    cluster: string,
    routes: readonly Route[],
    unmatched: UnmatchedPolicy | null,
    options: PipelineOptions,
  ) {
    this.cluster = cluster;
    this.#unmatched = unmatched;
    this.#current = new CurrentMessage(options.decodeProperties);
    const relevant = unmatched === null ? routes.filter((route) => route.cluster === cluster) : routes;
    this.#planner = new TopicPlanner(relevant, cluster, messageVariables(this.#current));
    this.#cache = new TopicCache(options.cacheBytes, cachedTopicPlan);
  }

  get cache(): CacheStatistics {
    const { bytes, topics, hits, misses } = this.#cache;
    return { bytes, topics, hits, misses };
  }

  /**
   * Maps one message. What goes wrong with the message reaches the sink; it throws only what the sink throws.
   * @returns whether an acknowledgement waits for what becomes of the message, even if that is nothing
   */
  map(message: MappedMessage, sink: RecordSink): boolean {
    const topic = message.topic;
    const plan = this.#cache.get(topic) ?? this.#cache.put(topic, this.#planner.plan(topic));
    this.#current.begin(message);
    this.#sharedHeaders = NOT_YET;
    try {
      if (plan.mayBlock && this.#isBlocked(plan, message, sink)) return false;
      let taken = false;
      for (const route of plan.routes) taken = this.#produce(route, message, sink) || taken;
      if (!taken && this.#unmatched !== null && !this.#takenElsewhere(plan)) sink.unmatched(this.#unmatched);
      return plan.awaited && message.qos > 0;
    } finally {
      this.#current.end();
    }
  }

  /**
   * Maps a message again that could not be mapped before, for one route or, if `only` is null, for all of the cluster.
   * A failure is a dead letter again, whatever the policy of the route.
   * @returns false if none of them takes the message
   */
  mapAgain(message: MappedMessage, only: string | null, sink: ReplaySink): boolean {
    const topic = message.topic;
    const plan = this.#cache.get(topic) ?? this.#cache.put(topic, this.#planner.plan(topic));
    const nothing = (): void => {};
    const adapted: RecordSink = {
      record: (...record) => sink.record(...record),
      deadLetter: (...reason) => sink.deadLetter(...reason),
      drop: (...reason) => sink.deadLetter(...reason),
      block: nothing,
      unmatched: nothing,
    };
    this.#current.begin(message);
    this.#sharedHeaders = NOT_YET;
    try {
      let taken = false;
      for (const route of plan.routes) {
        if (only === null || route.route.name === only)
          taken = this.#produce(route, message, adapted) || taken;
      }
      return taken;
    } finally {
      this.#current.end();
    }
  }

  /** Makes a record, or has the failure reported. False if the route does not take the message. */
  #produce(plan: RoutePlan, message: MappedMessage, sink: RecordSink): boolean {
    const { route } = plan;
    let topic: string;
    let key: Uint8Array | null;
    let value: Uint8Array;
    let headers: Uint8Array;
    try {
      if (!applies(plan)) return false;
      if (plan.failure !== null) return report(route, plan.failure, sink);
      topic = plan.topic ?? topicOf(plan);
      key = plan.key ?? keyOf(plan);
      value = plan.value ?? valueOf(plan) ?? message.payload;
      headers = this.#headersOf(plan, message);
    } catch (error) {
      return report(route, asFailure(error), sink);
    }
    sink.record(route, topic, key, value, headers, message.receivedMs);
    return true;
  }

  /** Whether a route with `onError: block` fails. Asked before anything of the message is produced. */
  #isBlocked(plan: TopicPlan, message: MappedMessage, sink: RecordSink): boolean {
    for (const routePlan of plan.routes) {
      if (routePlan.route.onError !== 'block') continue;
      const failure = this.#failureOf(routePlan, message);
      if (failure === null) continue;
      sink.block(routePlan.route, failure.code, failure.message);
      return true;
    }
    return false;
  }

  #failureOf(plan: RoutePlan, message: MappedMessage): Failure | null {
    try {
      if (!applies(plan)) return null;
      if (plan.failure !== null) return plan.failure;
      if (plan.topic === null) topicOf(plan);
      keyOf(plan);
      valueOf(plan);
      this.#headersOf(plan, message);
      return null;
    } catch (error) {
      return asFailure(error);
    }
  }

  /** A condition that fails has taken the message: its route has a dead letter of it. */
  #takenElsewhere(plan: TopicPlan): boolean {
    return plan.elsewhere.some((routePlan) => {
      try {
        return applies(routePlan);
      } catch {
        return true;
      }
    });
  }

  #headersOf(plan: RoutePlan, message: MappedMessage): Uint8Array {
    const writer = this.#headers;
    if (this.#sharedHeaders === NOT_YET) {
      writer.truncate(0);
      writeMessageHeaders(writer, message, this.#current);
      this.#sharedHeaders = writer.length;
    } else {
      writer.truncate(this.#sharedHeaders);
    }
    writer.encoded(plan.headers);
    if (plan.bindings !== null) {
      for (const { name, value } of plan.route.headers) {
        if (value.dependsOn === 'message') writer.text(encodeHeaderName(name), value.text(plan.bindings));
      }
    }
    return writer.view();
  }
}

/** True: the route took the message all the same. A route that blocks was asked before. */
function report(route: Route, { code, message }: Failure, sink: RecordSink): true {
  if (route.onError === 'drop') sink.drop(route, code, message);
  else sink.deadLetter(route, code, message);
  return true;
}

/** @throws MappingFailure */
function applies({ always, bindings, route: { when } }: RoutePlan): boolean {
  if (always || when === null || bindings === null) return true;
  try {
    return isTrue(when.evaluate(bindings));
  } catch (error) {
    throw asFailure(error).at('when');
  }
}

/** @throws MappingFailure */
function topicOf({ route, bindings }: RoutePlan): string {
  return listedTopic(route, bindings === null ? '' : route.topic.text(bindings));
}

/** @throws MappingFailure */
function keyOf({ route, bindings }: RoutePlan): Uint8Array | null {
  if (bindings === null || route.key?.dependsOn !== 'message') return null;
  return route.key.bytes(bindings);
}

/** @throws MappingFailure */
function valueOf({ route, bindings }: RoutePlan): Uint8Array | null {
  if (bindings === null || route.value?.dependsOn !== 'message') return null;
  return route.value.bytes(bindings);
}

/** Whatever goes wrong in an expression concerns its message alone. */
function asFailure(error: unknown): MappingFailure {
  if (error instanceof MappingFailure) return error;
  return new MappingFailure('expression-failed', String(error), { cause: error });
}
