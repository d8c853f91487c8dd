import type { Findings } from '../findings/finding.ts';
import type { Route } from '../plan/route.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import type { ReadCluster } from './clusters-section.ts';
import type { Defaults } from './defaults-section.ts';
import type { ReadRoute } from './routes-section.ts';

interface ReadDocument {
  readonly clusters: readonly ReadCluster[];
  readonly routes: readonly ReadRoute[];
  readonly routesNode: YamlNode | null;
  readonly defaults: Defaults;
}

/** Findings that only the whole document shows. */
export function reportWholeDocument(document: ReadDocument, findings: Findings): void {
  const { routes, routesNode } = document;
  if (routesNode?.kind === 'list' && routes.length === 0) {
    const message = 'there are no routes, so nothing reaches Kafka';
    findings.report(
      'no-routes',
      routesNode.at,
      routesNode.path,
      message,
      'add a route, beginning with "- name:"',
    );
  }
  reportUnusedClusters(document, findings);
  reportDuplicateNames(routes, findings);
  reportRepeatedRoutes(routes, findings);
  reportTopicCollisions(routes, findings);
  for (const { at, path, route } of routes) {
    if (route === null || !neverApplies(route)) continue;
    const message = 'the condition is always false';
    findings.report('route-never-applies', at, path, message, 'correct `when`, or remove the route');
  }
}

function reportUnusedClusters({ clusters, routes }: ReadDocument, findings: Findings): void {
  const used = new Set(routes.map(({ cluster }) => cluster));
  const declared = new Set(clusters.map(({ declaration }) => declaration.name));
  // A misspelt name may have meant any of them.
  if ([...used].some((name) => name === null || !declared.has(name))) return;
  for (const { declaration, entry } of clusters) {
    if (used.has(declaration.name)) continue;
    const message = `no route produces to "${declaration.name}"`;
    const suggestion = 'remove it: its pipeline reads the whole log for nothing';
    findings.report('unused-cluster', entry.at, entry.value.path, message, suggestion);
  }
}

function reportDuplicateNames(routes: readonly ReadRoute[], findings: Findings): void {
  const first = new Map<string, ReadRoute>();
  for (const route of routes) {
    if (route.name === null) continue;
    const earlier = first.get(route.name);
    if (earlier === undefined) {
      first.set(route.name, route);
      continue;
    }
    const message = `the route on line ${earlier.at.line} is named "${route.name}" too`;
    const suggestion = `write name: ${route.name}-2, or better what makes it different`;
    findings.report('duplicate-route-name', route.at, route.path, message, suggestion);
  }
}

/** Every matching route applies, so a copy of a route doubles its records. */
function reportRepeatedRoutes(routes: readonly ReadRoute[], findings: Findings): void {
  const first = new Map<string, ReadRoute>();
  for (const read of routes) {
    if (read.route === null) continue;
    const essence = essenceOf(read.route);
    const earlier = first.get(essence);
    if (earlier === undefined) {
      first.set(essence, read);
      continue;
    }
    const message = `it takes the same messages to the same topic as the route on line ${earlier.at.line}`;
    findings.report(
      'route-repeated',
      read.at,
      read.path,
      message,
      'remove one of the two, or give each a `when`',
    );
  }
}

function essenceOf({ pattern, when, cluster, topic, topics }: Route): string {
  const template = topic.parts.map((part) => (typeof part === 'string' ? part : `\${${part.source}}`));
  return JSON.stringify([pattern.filter, when?.source, cluster, template, topics]);
}

/** Kafka refuses to create `a.b` beside `a_b`: both have the same name in its metrics. */
function reportTopicCollisions(routes: readonly ReadRoute[], findings: Findings): void {
  const first = new Map<string, string>();
  for (const { at, path, route } of routes) {
    for (const topic of route?.topics ?? []) {
      const name = `${route?.cluster ?? ''} ${topic.replaceAll('.', '_')}`;
      const earlier = first.get(name) ?? topic;
      first.set(name, earlier);
      if (earlier === topic) continue;
      const message = `Kafka refuses "${topic}" beside "${earlier}"`;
      findings.report(
        'kafka-topic-collision',
        at,
        path,
        message,
        'use either "." or "_" in the names of topics',
      );
    }
  }
}

function neverApplies({ when }: Route): boolean {
  if (when === null || when.uses.length > 0) return false;
  try {
    return when.evaluate({}) === false;
  } catch {
    return false;
  }
}
