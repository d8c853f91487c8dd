import type { Bindings } from '../expression/expression.ts';
import type { Route } from '../plan/route.ts';
import { topicValues } from '../topic/topic-match.ts';
import { TopicTrie } from '../topic/topic-trie.ts';
import { bindTopic, type MessageVariables } from './bindings.ts';
import { writeTopicHeader } from './default-headers.ts';
import { encodeHeaderName, HeaderWriter, type EncodedName } from './header-writer.ts';
import { MappingFailure, type Failure } from '../mapping-failure.ts';
import { listedTopic } from './listed-topic.ts';
import type { RoutePlan, TopicPlan } from './topic-plan.ts';

const NO_BYTES = new Uint8Array(0);

/** Works out what the routes of a cluster do with a topic. */
export class TopicPlanner {
  readonly #trie = new TopicTrie();
  readonly #routes: readonly Route[];
  readonly #cluster: string;
  readonly #variables: MessageVariables;
  readonly #writer = new HeaderWriter();
  readonly #headerNames: readonly (readonly EncodedName[])[];

  /** `routes`: those of the cluster, and those of others if it must be known whether any takes a message. */
  constructor(routes: readonly Route[], cluster: string, variables: MessageVariables) {
    this.#routes = routes;
    this.#cluster = cluster;
    this.#variables = variables;
    this.#headerNames = routes.map((route) => route.headers.map(({ name }) => encodeHeaderName(name)));
    routes.forEach((route, id) => this.#trie.add(route.pattern, id));
  }

  plan(topic: string): TopicPlan {
    const levels = topic.split('/');
    const routes: RoutePlan[] = [];
    const elsewhere: RoutePlan[] = [];
    let awaited = false;
    for (const id of this.#trie.match(levels)) {
      const route = this.#routes[id];
      if (route === undefined) continue;
      const bindings = bindTopic(this.#variables, topic, topicValues(route.pattern, levels));
      const here = route.cluster === this.#cluster;
      awaited ||= here && route.ack === 'kafka';
      const plan = here ? this.#planRoute(route, id, topic, bindings) : planCondition(route, bindings);
      if (plan !== null) (here ? routes : elsewhere).push(plan);
    }
    const mayBlock = routes.some(({ route }) => route.onError === 'block');
    return { routes, elsewhere, mayBlock, awaited };
  }

  /** Null if the route takes no message of this topic. */
  #planRoute(route: Route, id: number, topic: string, bindings: Bindings): RoutePlan | null {
    const plan = planCondition(route, bindings);
    if (plan === null || plan.failure !== null) return plan;
    try {
      const topicOnly = <T extends { dependsOn: string }>(part: T | null): T | null =>
        part?.dependsOn === 'topic' ? part : null;
      const kafka = topicOnly(route.topic);
      return {
        ...plan,
        bindings: dependsOnMessage(route) ? bindings : null,
        topic: kafka && listedTopic(route, kafka.text(bindings)),
        key: topicOnly(route.key)?.bytes(bindings) ?? null,
        value: topicOnly(route.value)?.bytes(bindings) ?? null,
        headers: this.#topicHeaders(route, id, topic, bindings),
      };
    } catch (error) {
      if (error instanceof MappingFailure) return { ...plan, failure: withoutStack(error) };
      throw error;
    }
  }

  #topicHeaders(route: Route, id: number, topic: string, bindings: Bindings): Uint8Array {
    const writer = this.#writer;
    writer.truncate(0);
    writeTopicHeader(writer, topic);
    route.headers.forEach(({ value }, index) => {
      const name = this.#headerNames[id]?.[index];
      if (value.dependsOn === 'topic' && name) writer.text(name, value.text(bindings));
    });
    return Buffer.from(writer.view());
  }
}

function planCondition(route: Route, bindings: Bindings): RoutePlan | null {
  const { when } = route;
  const always = when === null || when.dependsOn === 'topic';
  const plan: RoutePlan = {
    route,
    always,
    failure: null,
    bindings: always ? null : bindings,
    topic: null,
    key: null,
    value: null,
    headers: NO_BYTES,
  };
  if (when === null || !always) return plan;
  try {
    return isTrue(when.evaluate(bindings)) ? plan : null;
  } catch (error) {
    if (error instanceof MappingFailure) return { ...plan, failure: withoutStack(error.at('when')) };
    throw error;
  }
}

/** What a cache keeps must not hold on to stack frames. */
function withoutStack({ code, message }: MappingFailure): Failure {
  return { code, message };
}

/** @throws MappingFailure if a condition is neither true nor false. */
export function isTrue(result: unknown): boolean {
  if (typeof result === 'boolean') return result;
  throw new MappingFailure('expression-failed', 'the result is not true or false');
}

function dependsOnMessage(route: Route): boolean {
  const parts = [route.when, route.topic, route.key, route.value, ...route.headers.map(({ value }) => value)];
  return parts.some((part) => part?.dependsOn === 'message');
}
