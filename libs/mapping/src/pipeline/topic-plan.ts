import type { Bindings } from '../expression/expression.ts';
import type { Route } from '../plan/route.ts';
import type { ByteArena } from './byte-arena.ts';
import type { Failure } from '../mapping-failure.ts';
import type { Cached } from './topic-cache.ts';

/** What one route does with the messages of one topic, as far as the topic decides it. */
export interface RoutePlan {
  readonly route: Route;
  /** True: the route takes every message of the topic. False: its condition must be asked. */
  readonly always: boolean;
  /** The route fails for every message of the topic that it takes. */
  readonly failure: Failure | null;
  /** Names for the parts that depend on the message; null if there are none. */
  readonly bindings: Bindings | null;
  /** Null: depends on the message. */
  readonly topic: string | null;
  /** Null: no key, or it depends on the message. */
  readonly key: Uint8Array | null;
  /** Null: the payload, or it depends on the message. */
  readonly value: Uint8Array | null;
  /** Encoded headers that follow from the topic. */
  readonly headers: Uint8Array;
}

/** Everything about a topic that need not be worked out again for its next message. */
export interface TopicPlan {
  readonly routes: readonly RoutePlan[];
  /** Routes of other clusters; asked only whether they take the message. */
  readonly elsewhere: readonly RoutePlan[];
  /** Whether a route with `onError: block` is among the routes. */
  readonly mayBlock: boolean;
  /** Whether the filter of a route of the cluster with `ack: kafka` matches, whatever its condition says. */
  readonly awaited: boolean;
}

/*
 * Measured on Node 24 with a full cache of short topics: bytes of heap per entry, per route and per byte
 * array beside its bytes. Rounded up; test/pipeline/memory.test.ts holds them against the real heap.
 */
const ENTRY_BYTES = 224;
const ROUTE_BYTES = 120;
const VIEW_BYTES = 112;
const BINDINGS_BYTES = 200;
const CAPTURE_BYTES = 40;
const FAILURE_BYTES = 80;

export const cachedTopicPlan: Cached<TopicPlan> = {
  arrayBytes(plan) {
    let bytes = 0;
    for (const { key, value, headers } of plan.routes) {
      bytes += headers.length + (key?.length ?? 0) + (value?.length ?? 0);
    }
    return bytes;
  },

  objectBytes(topic, plan) {
    let bytes = ENTRY_BYTES + topic.length * (isOneByte(topic) ? 1 : 2);
    for (const list of [plan.routes, plan.elsewhere]) {
      for (const { route, key, value, bindings, failure } of list) {
        bytes += ROUTE_BYTES + VIEW_BYTES * (1 + (key ? 1 : 0) + (value ? 1 : 0));
        if (bindings) bytes += BINDINGS_BYTES + CAPTURE_BYTES * route.pattern.captures.length;
        if (failure) bytes += FAILURE_BYTES + failure.message.length * 2;
      }
    }
    return bytes;
  },

  moved(plan, arena) {
    return { ...plan, routes: plan.routes.map((route) => movedRoute(route, arena)) };
  },
};

function movedRoute(plan: RoutePlan, arena: ByteArena): RoutePlan {
  return {
    ...plan,
    key: plan.key && arena.keep(plan.key),
    value: plan.value && arena.keep(plan.value),
    headers: arena.keep(plan.headers),
  };
}

/** V8 keeps a string in one byte per character if all are Latin-1. */
function isOneByte(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false;
  return true;
}
