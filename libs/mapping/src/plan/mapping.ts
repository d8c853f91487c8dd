import { MappingError } from '../errors.ts';
import { Pipeline, type PipelineOptions } from '../pipeline/pipeline.ts';
import type { MappingTest } from '../tests/mapping-test.ts';
import { topicValues } from '../topic/topic-match.ts';
import { TopicTrie } from '../topic/topic-trie.ts';
import type { ClusterDeclaration } from './cluster.ts';
import type { Route, UnmatchedPolicy } from './route.ts';

/** The parts of a mapping file that compiled without error. */
export interface MappingParts {
  readonly clusters: readonly ClusterDeclaration[];
  readonly routes: readonly Route[];
  readonly tests: readonly MappingTest[];
  readonly defaultCluster: string | null;
  readonly unmatched: UnmatchedPolicy;
}

/** What one route does with a topic; the answer to "why is my message not in Kafka?". */
export interface Explanation {
  readonly route: string;
  readonly cluster: string;
  readonly filter: string;
  readonly captures: Readonly<Record<string, string>>;
  /** What a trailing `#` stands for; null if the filter has none. */
  readonly rest: string | null;
  /** The condition that decides besides the topic, as it is written; null if there is none. */
  readonly when: string | null;
}

/** A compiled mapping: immutable, free of I/O, to be shared by any number of pipelines. */
export class Mapping {
  readonly clusters: readonly ClusterDeclaration[];
  readonly routes: readonly Route[];
  readonly tests: readonly MappingTest[];
  /** The cluster whose pipeline tells of messages that no route takes; null if there are no clusters. */
  readonly unmatchedCluster: string | null;
  readonly unmatched: UnmatchedPolicy;
  readonly #trie = new TopicTrie();

  constructor(parts: MappingParts) {
    this.clusters = parts.clusters;
    this.routes = parts.routes;
    this.tests = parts.tests;
    this.unmatched = parts.unmatched;
    this.unmatchedCluster = parts.defaultCluster ?? parts.clusters[0]?.name ?? null;
    for (const route of parts.routes) this.#trie.add(route.pattern, route.index);
  }

  /** A pipeline with a cache of its own. @throws MappingError 'cluster-unknown' */
  pipeline(cluster: string, options: PipelineOptions): Pipeline {
    if (!this.clusters.some(({ name }) => name === cluster)) {
      throw new MappingError('cluster-unknown', `the mapping declares no cluster "${cluster}"`);
    }
    const unmatched = cluster === this.unmatchedCluster ? this.unmatched : null;
    return new Pipeline(cluster, this.routes, unmatched, options);
  }

  /** The routes whose filter matches a topic, in the order of the file. */
  explain(topic: string): Explanation[] {
    const levels = topic.split('/');
    return this.#trie.match(levels).flatMap((index) => {
      const route = this.routes[index];
      if (route === undefined) return [];
      const { captures, rest } = topicValues(route.pattern, levels);
      return {
        route: route.name,
        cluster: route.cluster,
        filter: route.pattern.filter,
        captures,
        rest: route.pattern.open ? rest : null,
        when: route.when?.source ?? null,
      };
    });
  }

  /** The filters of the routes with `ack: kafka`, each with the cluster that acknowledgements wait for; each pair once. */
  get awaited(): { filter: string; cluster: string }[] {
    const pairs = this.routes
      .filter(({ ack }) => ack === 'kafka')
      .map(({ pattern: { filter }, cluster }) => [`${cluster} ${filter}`, { filter, cluster }] as const);
    return [...new Map(pairs).values()];
  }

  /** All Kafka topics that routes of a cluster may produce to, sorted. */
  topicsOf(cluster: string): string[] {
    const routes = this.routes.filter((route) => route.cluster === cluster);
    return [...new Set(routes.flatMap((route) => route.topics))].sort();
  }
}
